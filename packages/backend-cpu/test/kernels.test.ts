import { describe, expect, it } from "vitest";
import {
  type Tensor,
  argMax,
  concat,
  cond,
  constant,
  input,
  iota,
  pad,
  scan,
  scatter,
  sort,
  topK,
} from "@adjoint/ir";
import { valueOf } from "@adjoint/ir/values";
import { expectOracle, graphOf, modes, pattern, run } from "./support.ts";

const f32 = (name: string, ...shape: number[]): Tensor => input(name, "f32", shape);

describe("reductions", () => {
  it("over axes of size 1 fold their one element", async () => {
    const x = f32("x", 1, 3, 1);
    // Without passes the reductions stay what they are.
    const outputs = {
      sum: x.reduceSum({ axes: [0, 2] }),
      most: x.reduceMax({ axes: [2] }),
      product: x.slice([{}, { start: 0, end: 1 }, {}]).reduceProd(),
      position: argMax(x, { axis: 0 }),
    };
    await expectOracle(outputs, { x: pattern("f32", [1, 3, 1]) }, { passes: [] });
  });

  it("over nothing give what they start from", async () => {
    const x = f32("x", 3, 0);
    const axes = { axes: [1] };
    const outputs = {
      sum: x.reduceSum(axes),
      product: x.reduceProd(axes),
      most: x.reduceMax(axes),
      least: x.reduceMin(axes),
    };
    await expectOracle(outputs, { x: pattern("f32", [3, 0]) });
    const i = input("i", "i32", [2, 0]);
    await expectOracle({ most: i.reduceMax(axes), all: i.reduceSum() }, { i: pattern("i32", [2, 0]) });
  });

  it("fold several values with several epilogues in one pass", async () => {
    const [x, y] = [f32("x", 4, 5), f32("y", 4, 5)];
    const axes = { axes: [1] };
    const sum = x.mul(y).reduceSum(axes);
    const outputs = {
      sum,
      most: x.reduceMax(axes).sub(sum),
      least: y.reduceMin(axes),
      position: argMax(x, { axis: 1 }),
      twice: sum.add(sum),
    };
    await expectOracle(outputs, { x: pattern("f32", [4, 5]), y: pattern("f32", [4, 5], 2) });
  });

  it("keep NaN, and find the first of equal elements", async () => {
    const x = f32("x", 2, 4);
    const feeds = { x: valueOf("f32", [2, 4], [1, Number.NaN, 3, Number.NaN, 2, 5, 5, 1]) };
    await expectOracle(
      { most: x.reduceMax({ axes: [1] }), position: argMax(x, { axis: 1 }), sum: x.reduceSum({ axes: [1] }) },
      feeds,
    );
  });
});

describe("constants in the code", () => {
  it.each([
    ["f32", -5],
    ["f32", -0],
    ["f32", -Infinity],
    ["f32", Number.NaN],
    ["f64", -1e300],
    ["i32", -7],
    ["i64", -5n],
    ["u64", 2n ** 64n - 1n],
  ] as const)("of %s may be %s, behind any sign", async (dtype, value) => {
    const x = input("x", dtype, [3]);
    const c = constant(value, dtype).broadcast([3]);
    // Unfolded: the passes would compute these.
    const outputs = {
      minus: x.sub(c),
      ...(dtype === "u64" ? {} : { negative: c.neg().add(x), magnitude: c.abs().mul(x) }),
    };
    await expectOracle(outputs, { x: pattern(dtype, [3]) }, { passes: [] });
  });

  it("are small arrays where elements differ", async () => {
    const x = f32("x", 2, 3);
    await expectOracle(
      { y: x.add(constant([1, -2, 3])), flipped: x.add(constant([1, -2, 3]).flip([0])) },
      { x: pattern("f32", [2, 3]) },
    );
  });
});

describe("views", () => {
  it("behind several reshapes are read as if they were written down", async () => {
    const x = f32("x", 12);
    const y = x
      .flip([0])
      .reshape([4, 3])
      .reshape([12])
      .slice([{ start: 1, step: 5 }])
      .reshape([1, 3])
      .add(1);
    for (const passes of [[], undefined])
      await expectOracle({ y }, { x: pattern("f32", [12]) }, passes && { passes });
  });

  it("of paddings in paddings keep each one's filler", async () => {
    const x = f32("x", 3);
    const around = (tensor: Tensor, value: number): Tensor =>
      pad(tensor, { low: [1], high: [2], interior: [0], value });
    const y = around(around(around(x, 0), 5), -1);
    await expectOracle(
      { y: y.add(0.5), moved: y.slice([{ start: 1, end: 9, step: 3 }]).mul(2) },
      { x: pattern("f32", [3]) },
    );
  });

  it("of computed values are padded with the filler, not with what the expression would give", async () => {
    const x = f32("x", 3);
    await expectOracle(
      {
        y: pad(x.exp(), { low: [1], high: [1], interior: [0], value: 7 }),
        z: pad(iota("f32", [3]), { low: [2], high: [0], interior: [0] }),
      },
      { x: pattern("f32", [3]) },
    );
  });

  it("of no elements that are spread or scattered into still have a result", async () => {
    const none = f32("none", 0, 2);
    const spread = pad(none, { low: [0, 0], high: [0, 0], interior: [1, 0], value: -3 });
    const scattered = scatter(none, input("i", "i32", [0, 1]), f32("u", 0, 2), "add");
    await expectOracle(
      { spread, scattered, joined: concat([none, none], 0) },
      { none: pattern("f32", [0, 2]), i: pattern("i32", [0, 1]), u: pattern("f32", [0, 2]) },
    );
  });
});

describe("other forms", () => {
  it("sort with ties, NaN and both directions, along any axis", async () => {
    const x = f32("x", 4, 3);
    const feeds = { x: valueOf("f32", [4, 3], [3, 1, Number.NaN, 1, 1, 2, -1, Number.NaN, 2, 3, 0, 2]) };
    for (const axis of [0, 1]) {
      const up = sort(x, { axis });
      const down = sort(x.transpose([1, 0]), { axis: 1 - axis, descending: true });
      const best = topK(x, 2, { axis, largest: true });
      await expectOracle({ ...named("up", up), ...named("down", down), ...named("best", best) }, feeds);
    }
  });

  it("scan with carries that are exchanged, sequences from the end, and products inside", async () => {
    const [a, b, s] = [f32("a", 2, 2), f32("b", 2, 2), f32("s", 5, 2, 2)];
    const { carry, outputs } = scan(
      { carry: [a, b], sequences: [s], reverse: true },
      ([first = a, second = b], [slice = a]) => ({
        carry: [second, first.matMul(slice).mul(0.5)],
        outputs: [first.add(second), slice],
      }),
    );
    await expectOracle(
      Object.fromEntries([...carry, ...outputs].map((tensor, index) => [`y${index}`, tensor])),
      {
        a: pattern("f32", [2, 2]),
        b: pattern("f32", [2, 2], 2),
        s: pattern("f32", [5, 2, 2], 1),
      },
    );
  });

  it("choose a branch by data, and compute only that one", async () => {
    const [x, i, flag] = [f32("x", 3), input("i", "i32", [1, 1]), input("flag", "bool", [])];
    // The branch not taken would read outside.
    const [y = x] = cond(
      flag,
      () => [x.mul(2).slice([{ start: 0, end: 1 }])],
      () => [x.gather(i)],
    );
    for (const [condition, index] of [
      [1, 9],
      [0, 2],
    ] as const) {
      await expectOracle(
        { y },
        {
          x: pattern("f32", [3]),
          i: valueOf("i32", [1, 1], [index]),
          flag: valueOf("bool", [], [condition]),
        },
      );
    }
  });

  it("refuse an index outside its axis, whichever kernel reads it", async () => {
    const [x, i] = [f32("x", 3), input("i", "i32", [2, 1])];
    const feeds = (index: number): { x: ReturnType<typeof pattern>; i: ReturnType<typeof pattern> } => ({
      x: pattern("f32", [3]),
      i: valueOf("i32", [2, 1], [0, index]),
    });
    const readers: readonly Tensor[] = [
      x.gather(i),
      x.gather(i).reduceSum(),
      x.gather(i).cumSum({ axis: 0 }),
      scatter(x, i, x.slice([{ start: 0, end: 2 }]), "add"),
    ];
    for (const y of readers) {
      await expectOracle({ y }, feeds(2));
      for (const index of [3, -1, 1e9]) {
        for (const kernels of modes) {
          const running = run(graphOf({ y }), feeds(index), { kernels });
          await expect(running).rejects.toThrow(`index ${index} lies outside an axis of size 3`);
        }
      }
    }
  });
});

function named(
  name: string,
  { values, indices }: { values: Tensor; indices: Tensor },
): { [output: string]: Tensor } {
  return { [`${name}Values`]: values, [`${name}Indices`]: indices };
}
