import {
  composite,
  concat,
  constant,
  evaluate,
  input,
  program,
  randomBits,
  register,
  scan,
} from "@adjoint/ir";
import { evaluateTensors, solveSymbols, specialize } from "@adjoint/ir/graph";
import {
  AdjointError,
  type TensorValue,
  addDims,
  dim,
  mulDims,
  subDims,
  toNumbers,
  typeText,
  valueOf,
} from "@adjoint/ir/values";
import { describe, expect, test } from "vitest";

const f32 = (shape: readonly number[], elements: readonly number[]): TensorValue =>
  valueOf("f32", shape, elements);
const zeros = (...shape: readonly number[]): TensorValue =>
  f32(
    shape,
    Array.from({ length: shape.reduce((n, size) => n * size, 1) }, () => 0),
  );

const checkRefusal = (build: () => unknown, code: string, ...words: readonly string[]): void => {
  expect(build).toThrow(expect.objectContaining({ name: "AdjointError", code }));
  for (const word of words) expect(build).toThrow(word);
};

describe("feeds", () => {
  const x = input("x", "f32", [2, 3]);
  const y = input("y", "i32", []);
  const graph = program({ inputs: { x, y }, outputs: { z: x.add(y.cast("f32")) } });
  const good = { x: zeros(2, 3), y: valueOf("i32", [], [4]) };

  test("that fit give outputs by name", () => {
    const { outputs } = evaluate(graph, good);
    expect(Object.keys(outputs)).toEqual(["z"]);
    expect(toNumbers(outputs.z)).toEqual([4, 4, 4, 4, 4, 4]);
  });

  test("may have other names than the inputs'", () => {
    const renamed = program({ inputs: { left: x }, outputs: { z: x } });
    expect(typeText(evaluate(renamed, { left: zeros(2, 3) }).outputs.z)).toBe("f32[2, 3]");
  });

  test("that are missing, extra, of another dtype, rank or size are refused", () => {
    checkRefusal(() => evaluate(graph, { x: good.x }), "feed", 'input "y": of type i32[] was not fed');
    checkRefusal(
      () => evaluate(graph, { ...good, w: good.x }),
      "feed",
      'input "w": is not among the graph\'s inputs',
      "They are x, y.",
    );
    checkRefusal(() => evaluate(graph, { ...good, constructor: good.x }), "feed", 'input "constructor"');
    checkRefusal(
      () => evaluate(graph, { ...good, x: valueOf("f64", [2, 3], [0, 0, 0, 0, 0, 0]) }),
      "feed",
      'input "x": is f32 and was fed f64',
    );
    checkRefusal(
      () => evaluate(graph, { ...good, x: zeros(6) }),
      "feed",
      'input "x": is declared [2, 3] and was fed [6]',
    );
    checkRefusal(
      () => evaluate(graph, { ...good, x: zeros(2, 4) }),
      "feed",
      "declared [2, 3] and was fed [2, 4]: axis 1 should be 3",
    );
  });
});

describe("symbols", () => {
  const [n, m] = [dim("n"), dim("m")];
  const solve = (...sizes: readonly (readonly [Parameters<typeof mulDims>[0], number])[]): unknown =>
    solveSymbols([{ name: "x", shape: sizes.map(([size]) => size), fed: sizes.map(([, fed]) => fed) }]);

  test("are solved from the sizes fed", () => {
    expect(solve([n, 5], [m, 0])).toEqual({ n: 5, m: 0 });
    expect(solve([addDims(mulDims(n, 2), 3), 13])).toEqual({ n: 5 });
    expect(solve([subDims(n, 1), 4])).toEqual({ n: 5 });
    // The sum needs n first, in whatever order the axes stand.
    expect(solve([addDims(n, m), 7], [n, 3])).toEqual({ n: 3, m: 4 });
    expect(solve([mulDims(n, m), 12], [m, 4])).toEqual({ n: 3, m: 4 });
    expect(solve([mulDims(n, n), 16], [n, 4])).toEqual({ n: 4 });
  });

  test("that no whole size solves are refused by name", () => {
    checkRefusal(
      () => solve([mulDims(n, 2), 5]),
      "feed",
      'input "x"',
      "[2*n]",
      "[5]",
      "does not give n a size in 2*n = 5",
    );
    checkRefusal(() => solve([addDims(n, 5), 3]), "feed", "does not give n a size in n + 5 = 3");
    checkRefusal(() => solve([mulDims(n, m), 12]), "feed", "does not give m, n a size");
    checkRefusal(() => solve([mulDims(n, n), 16]), "feed", "does not give n a size in n*n = 16");
  });

  test("that two inputs contradict are refused", () => {
    const [x, y] = [input("x", "f32", [n]), input("y", "f32", [n, 2])];
    const graph = program({ inputs: { x, y }, outputs: { z: x.reduceSum().add(y.reduceSum()) } });
    checkRefusal(
      () => evaluate(graph, { x: zeros(3), y: zeros(4, 2) }),
      "feed",
      'input "y": is declared [n, 2] and was fed [4, 2]: axis 0 should be n = 3',
    );
    checkRefusal(() => solve([n, 3], [mulDims(n, n), 10]), "feed", "axis 1 should be n*n = 9");
  });

  test("bind in attributes, bodies and shapes", () => {
    const x = input("x", "f32", [n, 2]);
    const running = scan({ carry: [constant([0, 0])], sequences: [x] }, ([sum], [row]) => {
      const next = (sum ?? x).add(row ?? x);
      return { carry: [next], outputs: [next] };
    });
    const graph = program({
      inputs: { x },
      outputs: {
        flat: x.reshape([-1]),
        twice: concat([x, x], 0),
        mean: x.reduceMean({ axes: 0 }),
        running: running.outputs[0] ?? x,
      },
    });
    for (const rows of [1, 3]) {
      const { outputs } = evaluate(graph, {
        x: f32(
          [rows, 2],
          Array.from({ length: rows * 2 }, (_, index) => index),
        ),
      });
      expect(Object.values(outputs).map(typeText)).toEqual([
        `f32[${rows * 2}]`,
        `f32[${rows * 2}, 2]`,
        "f32[2]",
        `f32[${rows}, 2]`,
      ]);
      expect(toNumbers(outputs.mean)).toEqual([rows - 1, rows]);
    }
    const bound = specialize(graph, { n: 4 });
    expect(typeText(bound.outputs["twice"]?.type ?? x.type)).toBe("f32[8, 2]");
    expect(specialize(bound, {})).toBe(bound);
  });

  test("that no input binds are given, or asked for", () => {
    const graph = program({ inputs: {}, outputs: { bits: randomBits(constant([1, 2], "u32"), [n]) } });
    expect(evaluate(graph, {}, { bindings: { n: 3 } }).outputs.bits.data).toHaveLength(3);
    checkRefusal(() => evaluate(graph), "shape", "randomBits: [n] has unbound symbols");
  });
});

describe("state", () => {
  const count = register("count", "i32", []);
  const w = register("w", "f64", [2], { initial: { kind: "normal", mean: 0, standardDeviation: 1 } });
  const graph = program({
    inputs: {},
    outputs: { old: w },
    updates: [
      { register: count, next: count.add(1) },
      { register: w, next: w.mul(2) },
    ],
  });

  test("starts from initial values by the seed, and is handed back whole", () => {
    const first = evaluate(graph);
    expect(toNumbers(first.state["count"] ?? zeros(0))).toEqual([1]);
    expect(toNumbers(first.state["w"] ?? zeros(0))).toEqual(
      toNumbers(first.outputs.old).map((element) => element * 2),
    );
    expect(evaluate(graph, {}, { seed: 1 }).outputs).not.toEqual(first.outputs);
    expect(evaluate(graph, {}, { seed: 0 }).outputs).toEqual(first.outputs);
  });

  test("goes on from what it is given", () => {
    const state = { count: valueOf("i32", [], [41]) };
    expect(toNumbers(evaluate(graph, {}, { state }).state["count"] ?? zeros(0))).toEqual([42]);
    let current = {};
    for (let step = 0; step < 5; step++) current = evaluate(graph, {}, { state: current }).state;
    expect(current).toMatchObject({ count: { data: Int32Array.of(5) } });
  });

  test("of another type is refused", () => {
    checkRefusal(
      () => evaluate(graph, {}, { state: { w: zeros(2) } }),
      "state",
      'register "w": is f64[2] and was given f32[2]',
    );
    checkRefusal(
      () => evaluate(graph, {}, { state: { count: valueOf("i32", [1], [0]) } }),
      "state",
      'register "count": is i32[] and was given i32[1]',
    );
  });

  test("updates all read the old values", () => {
    const [a, b] = [register("a", "i32", []), register("b", "i32", [])];
    const swap = program({
      inputs: {},
      outputs: { sum: a.add(b) },
      updates: [
        { register: a, next: b },
        { register: b, next: a },
      ],
    });
    const { outputs, state } = evaluate(
      swap,
      {},
      { state: { a: valueOf("i32", [], [1]), b: valueOf("i32", [], [2]) } },
    );
    expect([outputs.sum, state["a"], state["b"]].flatMap((value) => (value ? toNumbers(value) : []))).toEqual(
      [3, 2, 1],
    );
  });

  test("does not change what it was given", () => {
    const state = { count: valueOf("i32", [], [1]), w: valueOf("f64", [2], [1, 2]) };
    evaluate(graph, {}, { state });
    expect([...toNumbers(state.count), ...toNumbers(state.w)]).toEqual([1, 1, 2]);
  });
});

describe("evaluateTensors", () => {
  test("takes any tensor's value as known, and asks nothing of what lies behind it", () => {
    const x = input("x", "f32", [1]);
    const y = x.exp();
    const [z] = evaluateTensors([y.add(1)], new Map([[y, f32([1], [5])]]));
    expect(z && toNumbers(z)).toEqual([6]);
  });

  test("wants inputs and registers to be known", () => {
    const x = input("x", "f32", [1]);
    expect(() => evaluateTensors([x.exp()], new Map())).toThrow(
      'input "x": has no value of its own. Feed it.',
    );
    expect(() => evaluateTensors([register("w", "f32", [])], new Map())).toThrow(
      'register "w": has no value',
    );
    expect(() => evaluateTensors([x], new Map())).toThrow(AdjointError);
  });

  test("runs a composite by its body", () => {
    const squared = composite("squared", (x) => (x ?? constant(0)).mul(x ?? 0));
    const [y] = evaluateTensors([squared(constant([2, 3]))], new Map());
    expect(y && toNumbers(y)).toEqual([4, 9]);
  });
});
