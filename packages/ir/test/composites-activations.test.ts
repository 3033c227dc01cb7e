import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AdjointError,
  type Tensor,
  type TensorValue,
  binaryStep,
  celu,
  clip,
  constant,
  elu,
  gelu,
  gradients,
  hardSigmoid,
  hardSwish,
  hardmax,
  input,
  leakyRelu,
  maxout,
  mish,
  prelu,
  relu,
  rrelu,
  selu,
  shrink,
  sigmoid,
  silu,
  softplus,
  softsign,
  thresholdedRelu,
  toNumbers,
  valueOf,
  vjp,
} from "@adjoint/ir";
import { elementary, evaluateTensors, nodesOf } from "@adjoint/ir/graph";
import { run } from "./composite-case.ts";

type Unary = (x: Tensor) => Tensor;

const numbersOf = (values: readonly TensorValue[]): number[][] => values.map(toNumbers);
const of = (build: Unary, elements: readonly number[], dtype: "f64" | "f32" | "f16" = "f64"): number[] =>
  numbersOf(run(build, [valueOf(dtype, [elements.length], elements)]))[0] ?? [];
const slopes = (build: Unary, elements: readonly number[], dtype: "f64" | "f32" | "f16" = "f64"): number[] =>
  of((x) => gradients(build(x).reduceSum(), [x])[0] ?? x, elements, dtype);

const exp = Math.exp;
const sigma = (x: number): number => 1 / (1 + exp(-x));
const plus = (x: number): number => (x > 50 ? x : Math.log1p(exp(x)));
const Phi = (x: number): number => 0.5 * (1 + elementary.erf(x / Math.SQRT2));
const phi = (x: number): number => exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const bend = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const [seluAlpha, seluGamma] = [1.67326319217681884765625, 1.05070102214813232421875];

interface Activation {
  readonly name: string;
  readonly build: Unary;
  /** The formulas as the literature has them. */
  readonly value: (x: number) => number;
  readonly slope: (x: number) => number;
  /** At −∞ and ∞. */
  readonly limits: readonly [number, number];
}

const at = (
  name: string,
  build: Unary,
  limits: Activation["limits"],
  value: Activation["value"],
  slope: Activation["slope"],
): Activation => ({ name, build, limits, value, slope });

const INF = Infinity;
const sigmaSlope = (x: number): number => sigma(x) * (1 - sigma(x));
const step = (x: number): number => (x > 0 ? 1 : 0);
const activations: readonly Activation[] = [
  at("sigmoid", sigmoid, [0, 1], sigma, sigmaSlope),
  at(
    "tanh",
    (x) => x.tanh(),
    [-1, 1],
    Math.tanh,
    (x) => 1 - Math.tanh(x) ** 2,
  ),
  at("softplus", softplus, [0, INF], plus, sigma),
  at(
    "softsign",
    softsign,
    [-1, 1],
    (x) => x / (1 + Math.abs(x)),
    (x) => 1 / (1 + Math.abs(x)) ** 2,
  ),
  at(
    "silu",
    silu,
    [0, INF],
    (x) => x * sigma(x),
    (x) => sigma(x) + x * sigmaSlope(x),
  ),
  at(
    "mish",
    mish,
    [0, INF],
    (x) => x * Math.tanh(plus(x)),
    (x) => Math.tanh(plus(x)) + x * (1 - Math.tanh(plus(x)) ** 2) * sigma(x),
  ),
  at(
    "gelu",
    (x) => gelu(x),
    [0, INF],
    (x) => x * Phi(x),
    (x) => Phi(x) + x * phi(x),
  ),
  at(
    "gelu by tanh",
    (x) => gelu(x, { approximate: "tanh" }),
    [0, INF],
    (x) => 0.5 * x * (1 + Math.tanh(bend(x))),
    (x) =>
      0.5 * (1 + Math.tanh(bend(x))) +
      0.5 * x * (1 - Math.tanh(bend(x)) ** 2) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x),
  ),
  at("relu", relu, [0, INF], (x) => Math.max(0, x), step),
  at(
    "leakyRelu",
    (x) => leakyRelu(x),
    [-INF, INF],
    (x) => (x > 0 ? x : 0.01 * x),
    (x) => (x > 0 ? 1 : 0.01),
  ),
  at(
    "rrelu in inference",
    (x) => rrelu(x),
    [-INF, INF],
    (x) => (x > 0 ? x : (11 / 48) * x),
    (x) => (x > 0 ? 1 : 11 / 48),
  ),
  at(
    "elu",
    (x) => elu(x, { alpha: 0.5 }),
    [-0.5, INF],
    (x) => (x > 0 ? x : 0.5 * (exp(x) - 1)),
    (x) => (x > 0 ? 1 : 0.5 * exp(x)),
  ),
  at(
    "selu",
    (x) => selu(x),
    [-seluGamma * seluAlpha, INF],
    (x) => (x > 0 ? seluGamma * x : seluGamma * seluAlpha * (exp(x) - 1)),
    (x) => (x > 0 ? seluGamma : seluGamma * seluAlpha * exp(x)),
  ),
  at(
    "celu",
    (x) => celu(x, { alpha: 2 }),
    [-2, INF],
    (x) => Math.max(0, x) + Math.min(0, 2 * (exp(x / 2) - 1)),
    (x) => (x > 0 ? 1 : exp(x / 2)),
  ),
  at(
    "hardSigmoid",
    (x) => hardSigmoid(x),
    [0, 1],
    (x) => Math.max(0, Math.min(1, 0.2 * x + 0.5)),
    (x) => (Math.abs(x) < 2.5 ? 0.2 : 0),
  ),
  at(
    "hardSwish",
    hardSwish,
    [0, INF],
    (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
    (x) => (x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5),
  ),
  at(
    "thresholdedRelu",
    (x) => thresholdedRelu(x),
    [0, INF],
    (x) => (x > 1 ? x : 0),
    (x) => (x > 1 ? 1 : 0),
  ),
  at(
    "binaryStep",
    binaryStep,
    [0, 1],
    (x) => (x >= 0 ? 1 : 0),
    () => 0,
  ),
  at(
    "clip",
    (x) => clip(x, { min: -1, max: 2 }),
    [-1, 2],
    (x) => Math.min(2, Math.max(-1, x)),
    (x) => (x >= -1 && x <= 2 ? 1 : 0),
  ),
  at(
    "shrink",
    (x) => shrink(x, { bias: 0.25, lambd: 0.5 }),
    [-INF, INF],
    (x) => (x < -0.5 ? x + 0.25 : x > 0.5 ? x - 0.25 : 0),
    (x) => (Math.abs(x) > 0.5 ? 1 : 0),
  ),
];

const expectClose = (found: number, expected: number, relative: number): void =>
  // Equal zeros of either sign and equal infinities are close too.
  expect(
    found === expected || Math.abs(found - expected) <= relative * Math.max(1, Math.abs(expected)),
    `${found} for ${expected}`,
  ).toBe(true);

describe.each(activations.map((activation) => [activation.name, activation] as const))(
  "S4: %s",
  (_, activation) => {
    const { build, value, slope, limits } = activation;
    const points = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 20 });

    test("has the values and the derivatives of its formulas", () => {
      fc.assert(
        fc.property(points, (elements) => {
          of(build, elements).forEach((y, i) => expectClose(y, value(elements[i] ?? NaN), 1e-12));
          slopes(build, elements).forEach((y, i) => expectClose(y, slope(elements[i] ?? NaN), 1e-12));
        }),
        { numRuns: 30 },
      );
    });

    test.each([
      ["f64", 1e-12],
      ["f32", 1e-6],
      ["f16", 2e-3],
    ] as const)("neither overflows nor goes wrong far out in %s", (dtype, relative) => {
      const far = [-1e4, -300, -100, -20, 20, 100, 300, 1e4];
      of(build, far, dtype).forEach((y, i) => expectClose(y, value(far[i] ?? NaN), relative));
      slopes(build, far, dtype).forEach((y, i) => expectClose(y, slope(far[i] ?? NaN), relative));
    });

    test("has its limits at ±∞ and keeps NaN", () => {
      const [left, right, lost] = of(build, [-INF, INF, NaN]);
      expect([left === 0 ? 0 : left, right]).toEqual(limits);
      expect(lost).toBeNaN();
    });
  },
);

describe("S4: derivatives at kinks", () => {
  test.each<readonly [string, Unary, number, number]>([
    ["relu at 0 is 0", relu, 0, 0],
    ["leakyRelu at 0 is alpha", (x) => leakyRelu(x, { alpha: 0.3 }), 0, 0.3],
    [
      "rrelu at 0 is the slope",
      (x) => rrelu(x, undefined, { lower: 0.2, upper: 0.4 }),
      0,
      0.30000000000000004,
    ],
    ["prelu at 0 is the slope", (x) => prelu(x, constant([0.3], "f64")), 0, 0.3],
    ["elu at 0 is alpha", (x) => elu(x, { alpha: 0.3 }), 0, 0.3],
    ["thresholdedRelu at alpha is 0", (x) => thresholdedRelu(x), 1, 0],
    ["hardSigmoid at its lower kink is 0", (x) => hardSigmoid(x, { alpha: 0.5 }), -1, 0],
    ["hardSigmoid at its upper kink is 0", (x) => hardSigmoid(x, { alpha: 0.5 }), 1, 0],
    ["hardSwish at −3 is 0", hardSwish, -3, 0],
    ["hardSwish at 3 is 1", hardSwish, 3, 1],
    ["clip at a bound is 1", (x) => clip(x, { min: 2, max: 3 }), 2, 1],
    ["shrink at lambd is 0", (x) => shrink(x), 0.5, 0],
    ["binaryStep at 0 is 0", binaryStep, 0, 0],
    ["abs at 0 is 0", (x) => x.abs(), 0, 0],
  ])("of %s", (_, build, x, expected) => {
    expect(slopes(build, [x])).toEqual([expected]);
  });
});

describe("S4: activations with more than one operand or axis", () => {
  const x = valueOf("f64", [2, 2, 2], [-1, 2, -3, 4, 5, -6, 7, -8]);
  const slope = valueOf("f64", [2, 1], [0.5, 0.25]);

  test("prelu stretches a slope over each channel and sums its gradient", () => {
    const [y, byX, bySlope] = run(
      (a, b) => {
        const result = prelu(a, b);
        return [result, ...gradients(result.reduceSum(), [a, b])];
      },
      [x, slope],
    );
    expect(y && toNumbers(y)).toEqual([-0.5, 2, -0.75, 4, 5, -3, 7, -2]);
    expect(byX && toNumbers(byX)).toEqual([0.5, 1, 0.25, 1, 1, 0.5, 1, 0.25]);
    expect(bySlope?.shape).toEqual([2, 1]);
    expect(bySlope && toNumbers(bySlope)).toEqual([-7, -11]);
  });

  test("prelu refuses a slope that does not stretch to x, or that would stretch x", () => {
    const [small, wide] = [input("x", "f32", [2, 3]), input("slope", "f32", [4])];
    expect(() => prelu(small, wide)).toThrow(/prelu: the slope .*"slope".* does not stretch to .*"x"/);
    expect(() => prelu(input("x", "f32", [3]), input("slope", "f32", [2, 3]))).toThrow(/does not stretch/);
  });

  test("rrelu draws a slope for each element in training and is repeatable", () => {
    const key = valueOf("u32", [2], [1, 2]);
    const many = valueOf(
      "f64",
      [1000],
      Array.from({ length: 1000 }, () => -1),
    );
    const build = (a: Tensor, k: Tensor): Tensor => rrelu(a, k, { lower: 0.1, upper: 0.5 });
    const [first, again] = [run(build, [many, key]), run(build, [many, key])];
    expect(again).toEqual(first);
    const drawn = (numbersOf(first)[0] ?? []).map((y) => -y);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0.1);
    expect(Math.min(...drawn)).toBeLessThan(0.11);
    expect(Math.max(...drawn)).toBeLessThan(0.5);
    expect(Math.max(...drawn)).toBeGreaterThan(0.49);
    expect(Math.abs(drawn.reduce((sum, y) => sum + y, 0) / 1000 - 0.3)).toBeLessThan(0.015);
  });

  test("rrelu without training ignores its key, and training wants one", () => {
    const a = input("x", "f32", [3]);
    const key = input("key", "u32", [2]);
    expect(rrelu(a, key, { training: false }).node.inputs).toEqual([a]);
    expect(() => rrelu(a, undefined, { training: true })).toThrow(/randomKey/);
    expect(() => rrelu(a, undefined, { lower: 0.5, upper: 0.1 })).toThrow(/lower 0.5 exceeds upper 0.1/);
  });

  test("maxout takes the largest of neighbouring pieces; ties share the gradient", () => {
    const values = valueOf("f64", [2, 4], [1, 2, 5, 5, -1, -3, 0, 7]);
    const [y, g] = run(
      (a) => {
        const result = maxout(a, { pieces: 2 });
        return [result, ...gradients(result.reduceSum(), [a])];
      },
      [values],
    );
    expect(y?.shape).toEqual([2, 2]);
    expect(y && toNumbers(y)).toEqual([2, 5, -1, 7]);
    expect(g && toNumbers(g)).toEqual([0, 1, 0.5, 0.5, 1, 0, 0, 1]);
    expect(() => maxout(input("x", "f32", [2, 5]), { pieces: 2 })).toThrow(/does not divide by 2/);
  });

  test("maxout of another axis keeps the order of the rest", () => {
    const [y] = run(
      (a) => maxout(a, { axis: 0, pieces: 2 }),
      [valueOf("f64", [4, 2], [1, 8, 3, 4, 5, 6, 7, 2])],
    );
    expect(y && toNumbers(y)).toEqual([3, 8, 7, 6]);
  });

  test("hardmax marks the first largest", () => {
    const [y] = run((a) => hardmax(a, { axis: 0 }), [valueOf("f64", [3, 2], [1, 5, 3, 5, 3, 2])]);
    expect(y && toNumbers(y)).toEqual([0, 1, 1, 0, 0, 0]);
  });

  test("clip works on integers and with one bound", () => {
    const [y] = evaluateTensors([clip(constant([-5, 0, 5], "i8"), { min: -1, max: 3 })], new Map());
    expect(y).toEqual(valueOf("i8", [3], [-1, 0, 3]));
    expect(of((a) => clip(a, { max: 1 }), [-INF, 5])).toEqual([-INF, 1]);
    expect(of((a) => clip(a, { min: 1 }), [-INF, 5])).toEqual([1, 5]);
  });
});

describe("gradients that come from the result", () => {
  test.each<readonly [string, Unary]>([
    ["relu", relu],
    ["leakyRelu", (x) => leakyRelu(x)],
    ["sigmoid", sigmoid],
  ])("S4: %s's needs not its operand", (_, build) => {
    const x = input("x", "f32", [3]);
    const g = input("g", "f32", [3]);
    const y = build(x);
    const [byX] = vjp([y], [g], [x]);
    // Standing in for the result leaves no way from x to the gradient.
    const readers = nodesOf(byX ? [byX] : []).filter((node) => node !== y.node && node.inputs.includes(x));
    expect(readers).toEqual([]);
  });
});

test("attributes outside their range are refused by name", () => {
  const x = input("x", "f32", [2]);
  expect(() => celu(x, { alpha: 0 })).toThrow(AdjointError);
  expect(() => celu(x, { alpha: 0 })).toThrow(/celu: alpha/);
  expect(() => shrink(x, { lambd: -1 })).toThrow(/shrink: lambd/);
  expect(() => maxout(x, { pieces: 0 })).toThrow(/maxout: pieces/);
});
