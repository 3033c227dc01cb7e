import { describe, expect, it } from "vitest";
import { type Evaluation, evaluate, toNumbers, valueOf } from "@adjoint/ir";
import { fromOnnx } from "@adjoint/onnx";
import { floatAttribute, intAttribute, modelBytes, node, textAttribute } from "./model.ts";

type Attributes = NonNullable<Parameters<typeof node>[3]>;
type Vector = readonly number[];

/** The same numbers at each call. */
function numbersFrom(seed: number): (count: number) => number[] {
  let state = seed;
  return (count) =>
    Array.from({ length: count }, () => {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      return Math.fround(state / 2 ** 30 - 1);
    });
}

const [time, batch, size, hidden] = [4, 2, 3, 2];
const lengths = [4, 2];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Σ w[row][k] · x[k], of a matrix with rows of x's length. */
const product = (w: Vector, row: number, x: Vector): number =>
  x.reduce((sum, element, k) => sum + element * (w[row * x.length + k] ?? 0), 0);

interface Weights {
  readonly w: Vector;
  readonly r: Vector;
  readonly b: Vector;
  readonly p: Vector;
}

interface State {
  readonly h: Vector;
  readonly c: Vector;
}

/** ONNX LSTM's formulas for one sequence and step, by loops. */
function lstmStep({ w, r, b, p }: Weights, x: Vector, { h, c }: State): State {
  const rows = 4 * hidden;
  const gate = (index: number, unit: number): number => {
    const row = index * hidden + unit;
    return product(w, row, x) + product(r, row, h) + (b[row] ?? 0) + (b[rows + row] ?? 0);
  };
  const peephole = (index: number, unit: number, cell: Vector): number =>
    (p[index * hidden + unit] ?? 0) * (cell[unit] ?? 0);
  const units = Array.from({ length: hidden }, (_, unit) => unit);
  const next = units.map((unit) => {
    const i = sigmoid(gate(0, unit) + peephole(0, unit, c));
    const f = sigmoid(gate(2, unit) + peephole(2, unit, c));
    return f * (c[unit] ?? 0) + i * Math.tanh(gate(3, unit));
  });
  const out = units.map((unit) => sigmoid(gate(1, unit) + peephole(1, unit, next)));
  return { c: next, h: units.map((unit) => (out[unit] ?? 0) * Math.tanh(next[unit] ?? 0)) };
}

const outputs = ({ outputs: all }: Evaluation, name: string): readonly number[] => {
  const value = all[name];
  return value === undefined ? [] : toNumbers(value);
};

function expectClose(actual: Vector, expected: Vector): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, index) => expect(value).toBeCloseTo(expected[index] ?? Number.NaN, 5));
}

describe("LSTM", () => {
  const draw = numbersFrom(3);
  const rows = 4 * hidden;
  const x = draw(time * batch * size);
  const directions = [0, 1].map((): Weights => ({
    w: draw(rows * size),
    r: draw(rows * hidden),
    b: draw(2 * rows),
    p: draw(3 * hidden),
  }));
  const starts = [0, 1].map(() =>
    Array.from({ length: batch }, () => ({ h: draw(hidden), c: draw(hidden) })),
  );
  const shapes = {
    x: [time, batch, size],
    w: [2, rows, size],
    r: [2, rows, hidden],
    b: [2, 2 * rows],
    h: [2, batch, hidden],
    c: [2, batch, hidden],
    p: [2, 3 * hidden],
  };
  const elements: { readonly [name in keyof typeof shapes]: Vector } = {
    x,
    w: directions.flatMap(({ w }) => w),
    r: directions.flatMap(({ r }) => r),
    b: directions.flatMap(({ b }) => b),
    p: directions.flatMap(({ p }) => p),
    h: starts.flat().flatMap(({ h }) => h),
    c: starts.flat().flatMap(({ c }) => c),
  };
  // Object.keys widens the keys, which are those of the table.
  const names = Object.keys(shapes) as (keyof typeof shapes)[];

  it("runs both directions over sequences of their own lengths, with peepholes", () => {
    const graph = fromOnnx(
      modelBytes({
        opset: 14,
        inputs: shapes,
        outputs: { y: [time, 2, batch, hidden], yh: [2, batch, hidden], yc: [2, batch, hidden] },
        initializers: [{ name: "lengths", dataType: 6, dims: [batch], int32Data: lengths }],
        nodes: [
          node(
            "LSTM",
            ["x", "w", "r", "b", "lengths", "h", "c", "p"],
            ["y", "yh", "yc"],
            [textAttribute("direction", "bidirectional"), intAttribute("hidden_size", hidden)],
          ),
        ],
      }),
    );
    const feeds = Object.fromEntries(
      names.map((name) => [name, valueOf("f32", shapes[name], elements[name])]),
    );
    const result = evaluate(graph, feeds);
    const steps = Array.from({ length: time * 2 * batch * hidden }, () => 0);
    const last: State[] = [];
    directions.forEach((weights, direction) => {
      for (let item = 0; item < batch; item++) {
        let state: State = starts[direction]?.[item] ?? { h: [], c: [] };
        const count = lengths[item] ?? 0;
        for (let step = 0; step < count; step++) {
          const at = direction === 0 ? step : count - 1 - step;
          const first = (at * batch + item) * size;
          state = lstmStep(weights, x.slice(first, first + size), state);
          state.h.forEach((value, unit) => {
            steps[((at * 2 + direction) * batch + item) * hidden + unit] = value;
          });
        }
        last.push(state);
      }
    });
    expectClose(outputs(result, "y"), steps);
    expectClose(
      outputs(result, "yh"),
      last.flatMap(({ h }) => h),
    );
    expectClose(
      outputs(result, "yc"),
      last.flatMap(({ c }) => c),
    );
  });
});

describe("activations of a recurrent network", () => {
  const rnn = (attributes: Attributes, opset = 14): ReturnType<typeof fromOnnx> =>
    fromOnnx(
      modelBytes({
        opset,
        inputs: { x: [1, 1, 1] },
        outputs: { y: [1, 1, 1, 1] },
        initializers: [
          { name: "w", dataType: 1, dims: [1, 1, 1], floatData: [1] },
          { name: "r", dataType: 1, dims: [1, 1, 1], floatData: [0] },
        ],
        nodes: [node("RNN", ["x", "w", "r"], ["y"], [intAttribute("hidden_size", 1), ...attributes])],
      }),
    );
  const run = (attributes: Attributes, x: number, opset?: number): number | undefined =>
    outputs(evaluate(rnn(attributes, opset), { x: valueOf("f32", [1, 1, 1], [x]) }), "y")[0];
  const strings = (name: string, ...values: string[]): Attributes[number] => ({
    name,
    type: 8,
    strings: values.map((value) => new TextEncoder().encode(value)),
  });
  const floats = (name: string, ...values: number[]): Attributes[number] => ({
    name,
    type: 6,
    floats: values,
  });

  it("take their own parameters, and their defaults without", () => {
    expect(
      run([strings("activations", "Affine"), floats("activation_alpha", 2), floats("activation_beta", 1)], 3),
    ).toBe(7);
    expect(run([strings("activations", "LeakyRelu")], -1)).toBeCloseTo(-0.01);
    expect(run([strings("activations", "HardSigmoid")], 1)).toBeCloseTo(0.7);
    expect(() => run([strings("activations", "Cube")], 1)).toThrow(/RNN.*no activation "Cube"/);
    expect(() => run([strings("activations", "Relu", "Relu")], 1)).toThrow(/needs 1 activations/);
  });

  it("are cut by clip before, and old forms are read", () => {
    expect(run([strings("activations", "Relu"), floatAttribute("clip", 0.5)], 3)).toBe(0.5);
    expect(run([strings("activations", "Relu"), intAttribute("output_sequence", 1)], 3, 6)).toBe(3);
  });
});
