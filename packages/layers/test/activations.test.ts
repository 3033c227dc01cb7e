import { describe, expect, it } from "vitest";
import { evaluate, gradients, input, program, toNumbers } from "@adjoint/ir";
import {
  type Layer,
  binaryStep,
  celu,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  identity,
  leakyRelu,
  logSoftmax,
  maxout,
  mish,
  prelu,
  relu,
  rrelu,
  selu,
  sigmoid,
  silu,
  softmax,
  softplus,
  softsign,
  tanh,
  thresholdedRelu,
} from "@adjoint/layers";
import { expectClose, run, value } from "./support.ts";

const { exp, log, max, min, abs, sign } = Math;
const logistic = (x: number): number => 1 / (1 + exp(-x));
const logOnePlusExp = (x: number): number => log(1 + exp(x));
/** Abramowitz and Stegun 7.1.26 is too coarse; the series is exact enough for |x| ≤ 3. */
const erf = (x: number): number => {
  let [sum, term] = [0, x];
  for (let n = 0; n < 60; n++) {
    sum += term / (2 * n + 1);
    term *= -(x * x) / (n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
};

interface Row {
  readonly name: string;
  readonly layer: Layer;
  readonly formula: (x: number) => number;
}

const rows: readonly Row[] = [
  { name: "identity", layer: identity(), formula: (x) => x },
  { name: "binaryStep", layer: binaryStep(), formula: (x) => (x >= 0 ? 1 : 0) },
  { name: "relu", layer: relu(), formula: (x) => max(0, x) },
  { name: "leakyRelu", layer: leakyRelu({ alpha: 0.2 }), formula: (x) => (x > 0 ? x : 0.2 * x) },
  { name: "elu", layer: elu({ alpha: 2 }), formula: (x) => (x > 0 ? x : 2 * (exp(x) - 1)) },
  { name: "celu", layer: celu({ alpha: 2 }), formula: (x) => (x > 0 ? x : 2 * (exp(x / 2) - 1)) },
  {
    name: "selu",
    layer: selu(),
    formula: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (exp(x) - 1)),
  },
  {
    name: "thresholdedRelu",
    layer: thresholdedRelu({ alpha: 0.7 }),
    formula: (x) => (x > 0.7 ? x : 0),
  },
  { name: "sigmoid", layer: sigmoid(), formula: logistic },
  { name: "tanh", layer: tanh(), formula: Math.tanh },
  { name: "softplus", layer: softplus(), formula: logOnePlusExp },
  { name: "softsign", layer: softsign(), formula: (x) => x / (1 + abs(x)) },
  { name: "silu", layer: silu(), formula: (x) => x * logistic(x) },
  { name: "mish", layer: mish(), formula: (x) => x * Math.tanh(logOnePlusExp(x)) },
  { name: "gelu", layer: gelu(), formula: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2 },
  {
    name: "gelu by tanh",
    layer: gelu({ approximate: "tanh" }),
    formula: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  },
  {
    name: "hardSigmoid",
    layer: hardSigmoid({ alpha: 0.3, beta: 0.4 }),
    formula: (x) => max(0, min(1, 0.3 * x + 0.4)),
  },
  { name: "hardSwish", layer: hardSwish(), formula: (x) => (x * max(0, min(6, x + 3))) / 6 },
];

const points = [-2.5, -1.25, -0.5, 0, 0.25, 0.75, 1.5, 2.75];

describe("S4 activation layers", () => {
  it.each(rows)("$name is its formula", ({ layer, formula }) => {
    expectClose(run(layer, value([1, points.length], points)).numbers, points.map(formula), 2e-6);
    expect(layer.registers).toEqual({});
  });

  it.each(rows)("$name has its formula's derivative away from kinks", ({ layer, formula }) => {
    const smooth = points.filter((x) => x !== 0);
    const x = input("x", "f32", [1, smooth.length]);
    const [slope] = gradients(layer(x).reduceSum(), [x]);
    const { outputs } = evaluate(program({ inputs: { x }, outputs: { slope: slope ?? x } }), {
      x: value([1, smooth.length], smooth),
    });
    const h = 1e-5;
    expectClose(
      toNumbers(outputs.slope),
      smooth.map((point) => (formula(point + h) - formula(point - h)) / (2 * h)),
      1e-5,
    );
  });

  it("softmax and its logarithm run along an axis", () => {
    const x = value([2, 2], [0, 1, 2, 4]);
    const soft = (a: number, b: number): number => exp(a) / (exp(a) + exp(b));
    expectClose(run(softmax(), x).numbers, [soft(0, 1), soft(1, 0), soft(2, 4), soft(4, 2)]);
    expectClose(run(softmax({ axis: 0 }), x).numbers, [soft(0, 2), soft(1, 4), soft(2, 0), soft(4, 1)]);
    expectClose(run(logSoftmax(), x).numbers, [soft(0, 1), soft(1, 0), soft(2, 4), soft(4, 2)].map(log));
  });

  it("maxout takes the largest of neighbouring features", () => {
    const x = value([2, 4], [1, 5, -2, -3, 0, 0, 9, 8]);
    expect(run(maxout({ pieces: 2 }), x).numbers).toEqual([5, -2, 0, 9]);
    expect(() => maxout({ pieces: 3 })(input("x", "f32", [2, 4]))).toThrow(/does not divide by 3 pieces/);
  });

  it("prelu learns a slope for each channel, or one for all", () => {
    const x = value([1, 2, 1, 2], [-1, 2, -3, -4]);
    const each = run(prelu(), x, { state: { "prelu_1.slope": value([2, 1, 1], [0.5, 2]) } });
    expect(each.numbers).toEqual([-0.5, 2, -6, -8]);
    const start = run(prelu({ shared: true }), x);
    expect(start.state["prelu_1.slope"]?.shape).toEqual([1, 1, 1]);
    expect(start.numbers).toEqual([-0.25, 2, -0.75, -1]);
    const layer = prelu();
    const t = input("t", "f32", [1, 2, 1, 2]);
    const loss = layer(t).reduceSum();
    const [slope] = gradients(loss, Object.values(layer.registers));
    const { outputs } = evaluate(program({ inputs: { t }, outputs: { slope: slope ?? t } }), { t: x });
    expect(toNumbers(outputs.slope)).toEqual([-1, -7]);
  });

  it("rrelu draws slopes in training and takes their mean otherwise", () => {
    const layer = rrelu({ lower: 0.1, upper: 0.5 });
    const x = value(
      [1, 1000],
      Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? -1 : 1)),
    );
    const still = run(layer, x);
    expectClose(still.numbers.slice(0, 2), [-0.3, 1]);
    expect(still.state).toEqual({});
    const drawn = run(layer, x, { training: true }).numbers;
    const slopes = drawn.filter((element) => element < 0).map((element) => -element);
    expect(slopes).toHaveLength(500);
    expect(min(...slopes)).toBeGreaterThanOrEqual(0.1);
    expect(max(...slopes)).toBeLessThan(0.5 + 1e-6);
    expect(new Set(slopes).size).toBeGreaterThan(490);
    expect(drawn.filter((element) => sign(element) === 1)).toEqual(Array.from({ length: 500 }, () => 1));
  });
});
