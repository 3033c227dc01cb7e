import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AdjointError,
  type DType,
  type Tensor,
  type TensorValue,
  absoluteError,
  binaryCrossEntropyWithLogits,
  constant,
  gradients,
  hinge,
  huber,
  input,
  klDivergence,
  logSoftmax,
  negativeLogLikelihood,
  program,
  reduceL1,
  reduceSumSquare,
  softmaxCrossEntropy,
  softmaxCrossEntropyOneHot,
  squaredError,
  toNumbers,
  valueOf,
  vjp,
} from "@adjoint/ir";
import { type PrimitiveName, evaluateTensors, graphNodes, isNode, runPasses } from "@adjoint/ir/graph";
import { run } from "./composite-case.ts";
import { f64 } from "./finite-differences.ts";

const numbersOf = (values: readonly TensorValue[]): number[][] => values.map(toNumbers);
const expectClose = (found: readonly number[], expected: readonly number[], digits = 12): void => {
  expect(found.length).toBe(expected.length);
  found.forEach((element, index) => expect(element).toBeCloseTo(expected[index] ?? NaN, digits));
};

/** Softmax of one row by the formula, in exact enough arithmetic for small numbers. */
const softmaxOf = (row: readonly number[]): number[] => {
  const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
  return row.map((x) => Math.exp(x) / total);
};

/** A value and the gradients of its sum by its float operands. */
const withGradients =
  (loss: (...inputs: Tensor[]) => Tensor) =>
  (...inputs: Tensor[]): Tensor[] => {
    const result = loss(...inputs);
    return [
      result,
      ...gradients(
        result.reduceSum(),
        inputs.filter((tensor) => tensor.dtype.startsWith("f")),
      ),
    ];
  };

const rows = fc.array(fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -5, max: 5, noNaN: true }))), {
  minLength: 1,
  maxLength: 5,
});

describe("S5: softmaxCrossEntropy", () => {
  test("is −log softmax at the label, with gradient softmax − one-hot", () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 2 }), (matrix, first) => {
        const labels = matrix.map((_, index) => (index + first) % 3);
        const [loss, slope] = numbersOf(
          run(withGradients(softmaxCrossEntropy), [
            f64([matrix.length, 3], matrix.flat()),
            valueOf("i32", [matrix.length], labels),
          ]),
        );
        const expected = matrix.map(softmaxOf);
        expectClose(
          loss ?? [],
          expected.map((row, index) => -Math.log(row[labels[index] ?? 0] ?? NaN)),
        );
        expectClose(
          slope ?? [],
          expected.flatMap((row, index) => row.map((p, c) => p - (c === labels[index] ? 1 : 0))),
        );
      }),
      { numRuns: 20 },
    );
  });

  test.each(["f64", "f32", "f16"] as const)(
    "is finite with finite gradients for logits ±1e4 in %s",
    (dtype) => {
      const logits = valueOf(dtype, [3, 3], [1e4, -1e4, 0, -1e4, 1e4, 1e4, -1e4, -1e4, -1e4]);
      const labels = valueOf("i32", [3], [1, 1, 2]);
      const [loss, slope] = numbersOf(run(withGradients(softmaxCrossEntropy), [logits, labels]));
      const exact = { f64: 12, f32: 6, f16: 3 }[dtype];
      expectClose(loss ?? [], [2e4, Math.log(2), Math.log(3)], exact);
      expectClose(slope ?? [], [1, -1, 0, 0, -0.5, 0.5, 1 / 3, 1 / 3, -2 / 3], exact);
    },
  );

  test("loses no digits of near-equal huge logits", () => {
    // In f32 the sum 1e4 + log 2 would be rounded to a multiple of 1/1024.
    const logits = valueOf("f32", [1, 2], [1e4, 1e4]);
    const [loss, slope] = numbersOf(
      run(withGradients(softmaxCrossEntropy), [logits, valueOf("i32", [1], [0])]),
    );
    expect(loss?.[0]).toBe(Math.fround(Math.log(2)));
    expect(slope).toEqual([-0.5, 0.5]);
  });

  test.each<readonly [DType, number | bigint]>([
    ["i32", 3],
    ["i32", -1],
    ["u8", 3],
    ["i64", 4294967296n],
    ["u32", 4294967295],
    ["u64", 18446744073709551615n],
  ])(
    "refuses the %s label %s outside 3 classes when it runs, and its gradient alone is NaN in that row",
    (dtype, label) => {
      const logits = input("logits", "f64", [2, 3]);
      const labels = input("labels", dtype, [2]);
      for (const loss of [softmaxCrossEntropy, negativeLogLikelihood]) {
        const result = loss(logits, labels);
        const feeds = new Map([
          [logits, f64([2, 3], [1, 2, 3, 4, 5, 6])],
          [labels, valueOf(dtype, [2], [dtype.endsWith("64") ? 1n : 1, label])],
        ]);
        expect(() => evaluateTensors([result], feeds)).toThrow(AdjointError);
        expect(() => evaluateTensors([result], feeds)).toThrow(/index/);
        const [slope] = vjp([result], [constant([1, 1], "f64")], [logits]);
        const [elements] = numbersOf(evaluateTensors(slope ? [slope] : [], feeds));
        expect(elements?.slice(0, 3).every(Number.isFinite)).toBe(true);
        const label1 = loss === softmaxCrossEntropy ? elements?.slice(3) : [];
        expect(label1?.every(Number.isNaN)).toBe(true);
      }
    },
  );

  test("shares its maximum, exponentials and sum with its gradient, which needs no scatter", () => {
    const logits = input("logits", "f32", [100, 10]);
    const labels = input("labels", "i32", [100]);
    const loss = softmaxCrossEntropy(logits, labels);
    const [slope = logits] = gradients(loss.reduceSum(), [logits]);
    const graph = runPasses(program({ inputs: { logits, labels }, outputs: { loss, slope } }));
    const count = (name: PrimitiveName): number =>
      graphNodes(graph).filter((node) => isNode(node, name)).length;
    const names = ["reduceMax", "reduceSum", "exp", "log", "gather", "scatter"] as const;
    expect(names.map((name) => [name, count(name)])).toEqual([
      ["reduceMax", 1],
      ["reduceSum", 1],
      ["exp", 1],
      ["log", 1],
      ["gather", 1],
      ["scatter", 0],
    ]);
  });

  test("takes labels of every integer type", () => {
    const logits = f64(
      [2, 300],
      Array.from({ length: 600 }, (_, i) => Math.sin(i)),
    );
    const of = (dtype: DType): number[][] =>
      numbersOf(
        run(withGradients(softmaxCrossEntropy), [
          logits,
          valueOf(dtype, [2], dtype.endsWith("64") ? [5n, 100n] : [5, 100]),
        ]),
      );
    // A class beyond the type's range must not alias one within it.
    for (const dtype of ["u8", "i8", "i16", "u16", "u32", "i64", "u64"] as const)
      expect(of(dtype)).toEqual(of("i32"));
  });

  test("refuses labels of another shape and float labels", () => {
    const logits = input("logits", "f32", [2, 3]);
    expect(() => softmaxCrossEntropy(logits, input("labels", "i32", [2, 1]))).toThrow(
      /softmaxCrossEntropy: the labels must have shape \[2\] and is .*"labels"/,
    );
    expect(() => softmaxCrossEntropy(logits, input("labels", "f32", [2]))).toThrow(
      /softmaxCrossEntropyOneHot/,
    );
  });
});

describe("S5: losses of two floats", () => {
  const pairs = fc.array(
    fc.tuple(fc.double({ min: -4, max: 4, noNaN: true }), fc.double({ min: -4, max: 4, noNaN: true })),
    { minLength: 1, maxLength: 10 },
  );
  interface Formula {
    readonly name: string;
    readonly loss: (a: Tensor, b: Tensor) => Tensor;
    readonly value: (a: number, b: number) => number;
    readonly byA: (a: number, b: number) => number;
    readonly byB: (a: number, b: number) => number;
    /** From any number to one that the second operand may be. */
    readonly second?: (b: number) => number;
  }
  const sigma = (x: number): number => 1 / (1 + Math.exp(-x));
  const formulas: readonly Formula[] = [
    {
      name: "squaredError",
      loss: squaredError,
      value: (a, b) => (a - b) ** 2,
      byA: (a, b) => 2 * (a - b),
      byB: (a, b) => 2 * (b - a),
    },
    {
      name: "absoluteError",
      loss: absoluteError,
      value: (a, b) => Math.abs(a - b),
      byA: (a, b) => Math.sign(a - b),
      byB: (a, b) => Math.sign(b - a),
    },
    {
      name: "huber",
      loss: (a, b) => huber(a, b, { delta: 1.5 }),
      value: (a, b) => (Math.abs(a - b) <= 1.5 ? (a - b) ** 2 / 2 : 1.5 * (Math.abs(a - b) - 0.75)),
      byA: (a, b) => Math.max(-1.5, Math.min(1.5, a - b)),
      byB: (a, b) => -Math.max(-1.5, Math.min(1.5, a - b)),
    },
    {
      name: "hinge",
      loss: hinge,
      value: (a, b) => Math.max(0, 1 - a * b),
      byA: (a, b) => (1 - a * b > 0 ? -b : 0),
      byB: (a, b) => (1 - a * b > 0 ? -a : 0),
      second: (b) => (b >= 0 ? 1 : -1),
    },
    {
      name: "binaryCrossEntropyWithLogits",
      loss: binaryCrossEntropyWithLogits,
      value: (x, t) => -t * Math.log(sigma(x)) - (1 - t) * Math.log(1 - sigma(x)),
      byA: (x, t) => sigma(x) - t,
      byB: (x) => -x,
      second: sigma,
    },
    {
      name: "klDivergence",
      loss: klDivergence,
      value: (q, p) => p * (Math.log(p) - q),
      byA: (_, p) => -p,
      byB: (q, p) => Math.log(p) - q + 1,
      second: sigma,
    },
  ];

  test.each(formulas)("$name has the values and gradients of its formula", (formula) => {
    const { loss, value, byA, byB, second = (b: number): number => b } = formula;
    fc.assert(
      fc.property(pairs, (drawn) => {
        const [a, b] = [drawn.map(([x]) => x), drawn.map(([, y]) => second(y))];
        const [result, da, db] = numbersOf(
          run(withGradients(loss), [f64([a.length], a), f64([a.length], b)]),
        );
        const over = (f: (x: number, y: number) => number): number[] =>
          a.map((x, index) => f(x, b[index] ?? NaN));
        expectClose(result ?? [], over(value));
        expectClose(da ?? [], over(byA));
        expectClose(db ?? [], over(byB));
      }),
      { numRuns: 25 },
    );
  });

  test.each(formulas)("$name refuses to stretch one operand over the other", ({ loss, name }) => {
    const column = input("column", "f32", [4, 1]);
    expect(() => loss(input("row", "f32", [4]), column)).toThrow(
      `${name}: the second operand must have shape [4]`,
    );
  });
});

describe("S5: corners", () => {
  test("binary cross-entropy of logits ±1e4 is finite, and keeps the digits of small losses", () => {
    const x = valueOf("f32", [6], [1e4, 1e4, -1e4, -1e4, 30, -30]);
    const t = valueOf("f32", [6], [1, 0, 1, 0, 1, 0]);
    const [loss, byX] = numbersOf(run(withGradients(binaryCrossEntropyWithLogits), [x, t]));
    expect(loss?.slice(0, 4)).toEqual([0, 1e4, 1e4, 0]);
    expect((loss?.[4] ?? 0) / Math.exp(-30)).toBeCloseTo(1, 6);
    expect((loss?.[5] ?? 0) / Math.exp(-30)).toBeCloseTo(1, 6);
    expect(byX?.slice(0, 4)).toEqual([0, 1, -1, 0]);
  });

  test("derivatives at kinks: absoluteError at 0 is 0, hinge at the margin is 0, huber at delta is delta", () => {
    const slope = (loss: (a: Tensor, b: Tensor) => Tensor, a: number, b: number): number[] =>
      numbersOf(run(withGradients(loss), [f64([1], [a]), f64([1], [b])]))
        .flat()
        .slice(1);
    expect(slope(absoluteError, 2, 2).map(Math.abs)).toEqual([0, 0]);
    expect(slope(hinge, 1, 1).map(Math.abs)).toEqual([0, 0]);
    expect(slope(huber, 1, 0)).toEqual([1, -1]);
  });

  test("KL divergence of a target of 0 is 0, even where its probability is 0", () => {
    const [loss, byQ, byP] = numbersOf(
      run(withGradients(klDivergence), [f64([3], [-1, -Infinity, Math.log(0.5)]), f64([3], [0, 0, 0.5])]),
    );
    expect(loss).toEqual([0, 0, 0]);
    expect(byQ?.map(Math.abs)).toEqual([0, 0, 0.5]);
    expect(byP).toEqual([0, 0, 1]);
  });

  test("cross-entropy with probabilities ignores classes of probability 0, also where their logit is −∞", () => {
    const [loss, byX] = numbersOf(
      run(withGradients(softmaxCrossEntropyOneHot), [
        f64([1, 3], [0, 0, -Infinity]),
        f64([1, 3], [0.5, 0.5, 0]),
      ]),
    );
    expect(loss?.[0]).toBeCloseTo(Math.log(2), 12);
    expect(byX?.map((g) => g + 0)).toEqual([0, 0, 0]);
  });

  test("cross-entropy with a one-hot target is that of its label, for rows that do not sum to 1 too", () => {
    const logits = [0.3, -1, 2, 0.5, 0.25, -0.75];
    const [byLabel] = numbersOf(run(softmaxCrossEntropy, [f64([2, 3], logits), valueOf("i32", [2], [2, 0])]));
    const [twice] = numbersOf(
      run(softmaxCrossEntropyOneHot, [f64([2, 3], logits), f64([2, 3], [0, 0, 2, 2, 0, 0])]),
    );
    expectClose(twice ?? [], byLabel?.map((loss) => 2 * loss) ?? []);
  });

  test("negativeLogLikelihood picks the label's score, and is cross-entropy after logSoftmax", () => {
    const logits = f64([2, 3], [0.3, -1, 2, 0.5, 0.25, -0.75]);
    const labels = valueOf("i64", [2], [2n, 0n]);
    const [picked] = numbersOf(run(negativeLogLikelihood, [logits, labels]));
    expect(picked).toEqual([-2, -0.5]);
    const [a, b] = numbersOf(
      run((x, y) => [negativeLogLikelihood(logSoftmax(x), y), softmaxCrossEntropy(x, y)], [logits, labels]),
    );
    expectClose(a ?? [], b ?? []);
  });

  test("half the sum of squares has the difference as its gradient; the mean squared and absolute errors follow", () => {
    const [half, byA, byB, mse, mae] = numbersOf(
      run(
        (a, b) => {
          const sum = squaredError(a, b).reduceSum().mul(0.5);
          const means = [squaredError(a, b).reduceMean(), absoluteError(a, b).reduceMean()];
          return [sum, ...gradients(sum, [a, b]), ...means];
        },
        [f64([2], [3, -1]), f64([2], [1, 0])],
      ),
    );
    expect([half, byA, byB, mse, mae]).toEqual([[2.5], [2, -1], [-2, 1], [2.5], [1.5]]);
  });

  test("L1 and L2 penalties on weights, added and in the (1 − λ) weighted form", () => {
    const lambda = 0.1;
    const [l1, l2, weighted] = numbersOf(
      run(
        (w) => {
          const loss = squaredError(w, w.mul(0)).reduceSum();
          const penalties = [
            reduceL1(w).mul(lambda),
            reduceSumSquare(w).mul(lambda / 2),
            loss.mul(1 - lambda).add(reduceSumSquare(w).mul(lambda / 2)),
          ];
          return penalties.flatMap((penalty) => gradients(penalty, [w]));
        },
        [f64([4], [1.5, -2, 0.5, 0])],
      ),
    );
    expectClose(l1 ?? [], [lambda, -lambda, lambda, 0]);
    expectClose(l2 ?? [], [0.15, -0.2, 0.05, 0]);
    expectClose(
      weighted ?? [],
      [1.5, -2, 0.5, 0].map((w) => (1 - lambda) * 2 * w + lambda * w),
    );
  });
});
