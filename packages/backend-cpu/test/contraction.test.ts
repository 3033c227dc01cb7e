import { describe, expect, it } from "vitest";
import { type Tensor, conv, convTranspose, convWeight, dotGeneral, input, pad, window } from "@adjoint/ir";
import { type DType, dtypeInfo, elementReader, valueOf } from "@adjoint/ir/values";
import { expectOracle, graphOf, modes, pattern, run } from "./support.ts";

/** Σ over k of left(i, k)·right(k, j), in whole numbers of any size, wrapped by `wrap`. */
function product(
  [m, n, k]: readonly number[],
  left: (i: number, k: number) => number,
  right: (k: number, j: number) => number,
): number[] {
  const result: number[] = [];
  for (let i = 0; i < (m ?? 0); i++) {
    for (let j = 0; j < (n ?? 0); j++) {
      let sum = 0;
      for (let term = 0; term < (k ?? 0); term++) sum += left(i, term) * right(term, j);
      result.push(sum);
    }
  }
  return result;
}

/** Runs a product of two operands stored either way, and compares all elements with a plain loop. */
async function checkProduct(
  sizes: readonly [number, number, number],
  transposed: readonly [boolean, boolean],
  dtype: DType,
  kernels: "printed" | "closures" = "printed",
): Promise<void> {
  const [m, n, k] = sizes;
  const [a, b] = [
    pattern(dtype, transposed[0] ? [k, m] : [m, k]),
    pattern(dtype, transposed[1] ? [n, k] : [k, n], 2),
  ];
  const [x, y] = [input("x", dtype, a.shape), input("y", dtype, b.shape)];
  const z = (transposed[0] ? x.transpose([1, 0]) : x).matMul(transposed[1] ? y.transpose([1, 0]) : y);
  const { outputs } = await run(graphOf({ z }), { x: a, y: b }, { kernels });
  const [left, right] = [elementReader(a), elementReader(b)];
  const expected = product(
    sizes,
    (i, term) => Number(left(transposed[0] ? term * m + i : i * k + term)),
    (term, j) => Number(right(transposed[1] ? j * k + term : term * n + j)),
  );
  const value = outputs["z"];
  if (value === undefined) throw new Error("no output");
  const read = elementReader(value);
  const wrong = expected.findIndex((element, index) => Number(read(index)) !== element);
  expect(wrong, `${sizes.join("×")} ${dtype}`).toBe(-1);
  expect(value.shape).toEqual([m, n]);
}

describe("products", () => {
  it.each([
    [1, 1, 1],
    [1, 7, 5],
    [7, 1, 5],
    [4, 5, 1],
    [3, 3, 3],
    [95, 191, 4],
    [96, 192, 256],
    [97, 193, 257],
    [2, 400, 600],
    [200, 2, 600],
  ] as const)("of %i×%i over %i are exact, whichever way the operands lie", async (m, n, k) => {
    const large = m * n * k > 1e6;
    for (const left of large ? [true] : [false, true])
      for (const right of [false, true]) await checkProduct([m, n, k], [left, right], "f32");
  });

  it.each(["f64", "f16", "bf16", "i32", "i64", "i16", "i8", "u64", "u32", "u16", "u8"] as const)(
    "of %s are exact where the numbers are small",
    async (dtype) => {
      // 2·3·9 is below what each of them holds exactly, and above one block of rows or columns in neither.
      const terms = dtype === "i8" ? 9 : 19;
      for (const kernels of modes) await checkProduct([5, 7, terms], [true, false], dtype, kernels);
    },
  );

  it("over no terms are zero, and of no rows nothing", async () => {
    await expectOracle(
      {
        y: input("a", "f32", [3, 0])
          .matMul(input("b", "f32", [0, 4]))
          .add(2),
      },
      { a: pattern("f32", [3, 0]), b: pattern("f32", [0, 4]) },
    );
    await expectOracle(
      { y: input("a", "i64", [2, 0]).matMul(input("b", "i64", [0, 2])) },
      { a: pattern("i64", [2, 0]), b: pattern("i64", [0, 2]) },
    );
    await expectOracle(
      { y: input("a", "f32", [0, 3]).matMul(input("b", "f32", [3, 4])) },
      { a: pattern("f32", [0, 3]), b: pattern("f32", [3, 4]) },
    );
  });

  it("of integers wrap", async () => {
    const big = (dtype: DType, elements: readonly (number | bigint)[]): Promise<void> => {
      const a = valueOf(dtype, [1, elements.length], elements);
      const b = valueOf(dtype, [elements.length, 1], elements);
      const [x, y] = [input("x", dtype, a.shape), input("y", dtype, b.shape)];
      return expectOracle({ z: x.matMul(y) }, { x: a, y: b });
    };
    await big("i32", [2147483647, -2147483648, 65537]);
    await big("u32", [4294967295, 65536, 3]);
    await big("i64", [2n ** 63n - 1n, -(2n ** 63n), 3n]);
    await big("u64", [2n ** 64n - 1n, 2n ** 40n]);
    await big("i8", [127, -128, 100]);
    await big("u16", [65535, 300]);
  });

  it("of floats are summed in doubles and rounded once", async () => {
    // In f32, 1e8 + 1 − 1e8 would lose the 1.
    const x = valueOf("f32", [1, 3], [1e8, 1, -1e8]);
    const ones = valueOf("f32", [3, 1], [1, 1, 1]);
    const { outputs } = await run(
      graphOf({ z: input("x", "f32", [1, 3]).matMul(input("y", "f32", [3, 1])) }),
      { x, y: ones },
    );
    expect([...(outputs["z"]?.data ?? [])]).toEqual([1]);
    const half = valueOf("f16", [1, 3], [2048, 1, -2048]);
    const halves = await run(graphOf({ z: input("x", "f16", [1, 3]).matMul(input("y", "f16", [3, 1])) }), {
      x: half,
      y: valueOf("f16", [3, 1], [1, 1, 1]),
    });
    expect(elementReader(halves.outputs["z"] ?? half)(0)).toBe(1);
  });

  it("take batches, several axes a side, and views of many kinds", async () => {
    const [a, b] = [input("a", "f32", [2, 3, 4, 5]), input("b", "f32", [5, 2, 6, 3])];
    const feeds = { a: pattern("f32", [2, 3, 4, 5]), b: pattern("f32", [5, 2, 6, 3]) };
    const batched = dotGeneral(a, b, {
      leftBatch: [0, 1],
      rightBatch: [1, 3],
      leftContract: [3],
      rightContract: [0],
    });
    const double = dotGeneral(a, b, {
      leftBatch: [],
      rightBatch: [],
      leftContract: [3, 0],
      rightContract: [0, 1],
    });
    await expectOracle({ batched, double }, feeds);
    const x = input("x", "f32", [7, 8]);
    const views: { readonly [name: string]: Tensor } = {
      strided: x.slice([
        { start: 1, step: 2 },
        { start: 0, step: 3 },
      ]),
      mirrored: x.flip([0, 1]),
      padded: pad(x, { low: [2, 1], high: [0, 1], interior: [0, 0] }),
      stretched: x.slice([{ start: 2, end: 3 }, {}]).broadcast([4, 8]),
      windows: window(x, { axes: [1], sizes: [3], strides: [2] }).reshape([7, 9]),
    };
    const products = Object.fromEntries(
      Object.entries(views).map(([name, view]) => [name, view.matMul(view.transpose([1, 0]))]),
    );
    await expectOracle(products, { x: pattern("f32", [7, 8]) });
  });

  it("have epilogues over every tile", async () => {
    // More than one block of rows and of columns, each element with a bias of its row, one of its column, and its own.
    const [m, n, k] = [100, 200, 3];
    const [x, y] = [input("x", "f32", [m, k]), input("y", "f32", [k, n])];
    const [row, column, own] = [
      input("row", "f32", [m, 1]),
      input("column", "f32", [n]),
      input("own", "f32", [m, n]),
    ];
    const z = x.matMul(y).add(row).mul(column).sub(own).max(-20);
    await expectOracle(
      { z, double: z.add(z) },
      {
        x: pattern("f32", [m, k]),
        y: pattern("f32", [k, n]),
        row: pattern("f32", [m, 1]),
        column: pattern("f32", [n], 2),
        own: pattern("f32", [m, n]),
      },
    );
  });
});

describe("convolutions", () => {
  it.each([
    { strides: [1, 1] },
    { strides: [2, 1], padLow: [1, 0], padHigh: [1, 2] },
    { dilations: [2, 1], padLow: [2, 2], padHigh: [2, 2] },
    { strides: [3, 2], dilations: [1, 2], groups: 2 },
  ])("and both their gradients, with %o", async (options) => {
    const groups = options.groups ?? 1;
    const [x, w] = [input("x", "f32", [2, 4, 7, 8]), input("w", "f32", [6, 4 / groups, 3, 2])];
    const y = conv(x, w, options);
    const g = input("g", "f32", y.shape);
    const outputs = {
      y,
      byInput: convTranspose(g, w, { ...options, extents: [7, 8] }),
      byWeight: convWeight(x, g, { ...options, extents: [3, 2] }),
    };
    const feeds = {
      x: pattern("f32", [2, 4, 7, 8]),
      w: pattern("f32", [6, 4 / groups, 3, 2], 2),
      g: pattern("f32", y.shape.map(Number), 2),
    };
    await expectOracle(outputs, feeds);
  });
});

it("every dtype's products are tested", () => {
  expect(Object.keys(dtypeInfo).filter((dtype) => dtype !== "bool" && dtype !== "f32")).toHaveLength(11);
});
