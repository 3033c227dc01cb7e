import { describe, expect, it } from "vitest";
import {
  type Tensor,
  constant,
  dim,
  evaluate,
  gradients,
  input,
  program,
  register,
  toNumbers,
} from "@adjoint/ir";
import {
  accuracy,
  binaryAccuracy,
  binaryCrossEntropy,
  correctCount,
  crossEntropy,
  dense,
  halfSumOfSquares,
  hinge,
  huber,
  klDivergence,
  l1,
  l2,
  meanAbsoluteError,
  meanSquaredError,
  regularized,
  weightsOf,
} from "@adjoint/layers";
import { expectClose, numbersOf, value } from "./support.ts";

const { exp, log, abs, max } = Math;
const logits = [
  [1, 2, 0.5],
  [-1, 0.25, 3],
];
const labels = [1, 0];
const softmax = (row: readonly number[]): readonly number[] => {
  const total = row.reduce((sum, x) => sum + exp(x), 0);
  return row.map((x) => exp(x) / total);
};

describe("S5 cross-entropy", () => {
  const each = logits.map((row, index) => -log(softmax(row)[labels[index] ?? 0] ?? 0));
  const oneHot = [
    [0, 1, 0],
    [1, 0, 0],
  ];

  it("is −log softmax at the label, as mean, sum or one for each example", () => {
    const loss = (reduction: "mean" | "sum" | "none"): readonly number[] =>
      numbersOf(crossEntropy(constant(logits), constant(labels, "i32"), { reduction }));
    expectClose(loss("none"), each);
    expectClose(loss("sum"), [each.reduce((a, b) => a + b)]);
    expectClose(loss("mean"), [each.reduce((a, b) => a + b) / 2]);
    expectClose(numbersOf(crossEntropy(constant(logits), constant(labels, "i32"))), loss("mean"), 0);
  });

  it("takes one-hot targets, also as integers, and probabilities", () => {
    const whole = numbersOf(crossEntropy(constant(logits), constant(labels, "u8")));
    expectClose(numbersOf(crossEntropy(constant(logits), constant(oneHot))), whole);
    expectClose(numbersOf(crossEntropy(constant(logits), constant(oneHot, "i32"))), whole);
    const soft = numbersOf(
      crossEntropy(
        constant(logits),
        constant([
          [0.5, 0.5, 0],
          [0, 0, 1],
        ]),
        { reduction: "none" },
      ),
    );
    const rows = logits.map(softmax);
    expectClose(soft, [
      -0.5 * log(rows[0]?.[0] ?? 0) - 0.5 * log(rows[0]?.[1] ?? 0),
      -log(rows[1]?.[2] ?? 0),
    ]);
  });

  it("has gradient softmax − target", () => {
    const x = constant(logits);
    const [slope = x] = gradients(crossEntropy(x, constant(labels, "i32"), { reduction: "sum" }), [x]);
    const expected = logits.flatMap((row, index) =>
      softmax(row).map((p, k) => p - (k === labels[index] ? 1 : 0)),
    );
    expectClose(numbersOf(slope), expected);
  });

  it("is finite with finite gradients at logits of ±1e4", () => {
    const x = constant([
      [1e4, -1e4],
      [-1e4, 1e4],
    ]);
    const loss = crossEntropy(x, constant([1, 1], "i32"));
    const [slope = x] = gradients(loss, [x]);
    expect(numbersOf(loss)).toEqual([1e4]);
    expectClose(numbersOf(slope), [0.5, -0.5, 0, 0]);
    const binary = binaryCrossEntropy(
      x,
      constant([
        [0, 0],
        [1, 1],
      ]),
    );
    const [binarySlope = x] = gradients(binary, [x]);
    expect(numbersOf(binary)).toEqual([5e3]);
    expectClose(numbersOf(binarySlope), [0.25, 0, -0.25, 0]);
  });

  it("works for every position of a sequence, and for a batch of any size", () => {
    const x = input("x", "f32", [dim("batch"), 1, 3]);
    const t = input("t", "i32", [dim("batch"), 1]);
    const graph = program({ inputs: { x, t }, outputs: { loss: crossEntropy(x, t) } });
    const { outputs } = evaluate(graph, {
      x: value([2, 1, 3], logits.flat()),
      t: value([2, 1], labels, "i32"),
    });
    expectClose(toNumbers(outputs.loss), [each.reduce((a, b) => a + b) / 2]);
  });

  it("refuses labels of another shape, and says which are right", () => {
    const x = input("x", "f32", [4, 10]);
    expect(() => crossEntropy(x, input("t", "i32", [4, 1]))).toThrow(
      /logits are input "x": f32\[4, 10\].* labels are input "t": i32\[4, 1\].*Give integer labels of shape \[4\]/,
    );
    expect(() => crossEntropy(x, input("t", "f32", [4]))).toThrow(
      /Give integer labels of shape \[4\], or targets/,
    );
  });
});

describe("S5 losses of single elements", () => {
  const predictions = [0.5, -1, 2, 3];
  const targets = [1, 1, -1, 2.75];
  const pairs = predictions.map((p, index): readonly [number, number] => [p, targets[index] ?? 0]);

  interface Row {
    readonly name: string;
    readonly loss: (p: Tensor, t: Tensor, options?: { reduction: "mean" | "sum" | "none" }) => Tensor;
    readonly formula: (p: number, t: number) => number;
  }
  const rows: readonly Row[] = [
    { name: "meanSquaredError", loss: meanSquaredError, formula: (p, t) => (p - t) ** 2 },
    { name: "meanAbsoluteError", loss: meanAbsoluteError, formula: (p, t) => abs(p - t) },
    {
      name: "huber",
      loss: huber,
      formula: (p, t) => (abs(p - t) <= 1 ? (p - t) ** 2 / 2 : abs(p - t) - 0.5),
    },
    {
      name: "huber of 2",
      loss: (p, t, options) => huber(p, t, { ...options, delta: 2 }),
      formula: (p, t) => (abs(p - t) <= 2 ? (p - t) ** 2 / 2 : 2 * (abs(p - t) - 1)),
    },
    { name: "hinge", loss: hinge, formula: (p, t) => max(0, 1 - p * t) },
    {
      name: "binaryCrossEntropy",
      loss: (p, t, options) => binaryCrossEntropy(p, t.greater(0), options),
      formula: (p, t) => -log(1 / (1 + exp(t > 0 ? -p : p))),
    },
  ];

  it.each(rows)("$name is its formula, its mean and its sum", ({ loss, formula }) => {
    const [p, t] = [constant([predictions]), constant([targets])];
    const each = pairs.map(([a, b]) => formula(a, b));
    const sum = each.reduce((a, b) => a + b);
    expectClose(numbersOf(loss(p, t, { reduction: "none" })), each);
    expectClose(numbersOf(loss(p, t, { reduction: "sum" })), [sum]);
    expectClose(numbersOf(loss(p, t)), [sum / 4]);
  });

  it.each(rows)("$name has its formula's derivative", ({ loss, formula }) => {
    const p = constant([predictions]);
    const [slope = p] = gradients(loss(p, constant([targets]), { reduction: "sum" }), [p]);
    const h = 1e-5;
    expectClose(
      numbersOf(slope),
      pairs.map(([a, b]) => (formula(a + h, b) - formula(a - h, b)) / (2 * h)),
      1e-5,
    );
  });

  it("refuses [batch, 1] against [batch], where stretching would hide a mistake", () => {
    expect(() => meanSquaredError(input("p", "f32", [4, 1]), input("t", "f32", [4]))).toThrow(
      /must have shape \[4, 1\] and is input "t": f32\[4\]/,
    );
  });

  it("half the sum of squares sums over an example and averages over examples", () => {
    const [p, t] = [
      constant([
        [0.75, 0.77],
        [1, 2],
      ]),
      constant([
        [0.01, 0.99],
        [1, 0],
      ]),
    ];
    const each = [(0.74 ** 2 + 0.22 ** 2) / 2, 2];
    expectClose(numbersOf(halfSumOfSquares(p, t, { reduction: "none" })), each);
    expectClose(numbersOf(halfSumOfSquares(p, t)), [((each[0] ?? 0) + 2) / 2]);
    expectClose(numbersOf(halfSumOfSquares(constant([1, 2]), constant([0, 0]))), [2.5]);
  });

  it("Kullback–Leibler divergence sums over classes", () => {
    const target = [0.5, 0.5, 0];
    const q = softmax([1, 2, 3]);
    const expected = target.reduce((sum, t, k) => (t === 0 ? sum : sum + t * log(t / (q[k] ?? 1))), 0);
    expectClose(numbersOf(klDivergence(constant([q.map(log)]), constant([target]))), [expected]);
    expectClose(numbersOf(klDivergence(constant([q.map(log)]), constant([[...q]]))), [0]);
  });
});

describe("S5 penalties", () => {
  const x = input("x", "f32", [1, 2]);
  const layer = dense({ units: 2 });
  const y = layer(x);
  const own = register("own", "f32", [3, 1], { trainable: false });

  it("reach weights, not biases or what is not trained", () => {
    expect(weightsOf(y.add(own.reduceSum())).map(String)).toEqual([
      expect.stringContaining('"dense_1.weight"'),
    ]);
  });

  it("are strength·Σ|w| and strength·Σw², with their gradients", () => {
    const [a, b] = [constant([[1, -2]]), constant([[3]])];
    expectClose(numbersOf(l1([a, b], 0.5)), [3]);
    expectClose(numbersOf(l2([a, b], 0.5)), [7]);
    const [slope1 = a] = gradients(l1([a], 0.5), [a]);
    const [slope2 = a] = gradients(l2([a], 0.5), [a]);
    expectClose(numbersOf(slope1), [0.5, -0.5]);
    expectClose(numbersOf(slope2), [1, -2]);
  });

  it("weigh against the loss as 1 − λ and λ", () => {
    expectClose(numbersOf(regularized(constant(10), constant(4), 0.25)), [8.5]);
    expect(() => regularized(constant(1), constant(1), 1.5)).toThrow(
      /lambda: must be a number from 0 to 1 and is 1.5/,
    );
  });

  it("refuse negative strengths and nothing to penalize", () => {
    expect(() => l2(weightsOf(y), -1)).toThrow(/l2 strength: must be a number ≥ 0 and is -1/);
    expect(() => l1(weightsOf(x), 1)).toThrow(/l1: got no weights.*weightsOf\(loss\)/);
  });
});

describe("metrics", () => {
  const scores = constant([
    [1, 3, 2],
    [5, 4, 0],
    [0, 0, 1],
    [2, 2, 1],
  ]);

  it("accuracy is the share of right labels, correctCount their number", () => {
    const whole = constant([1, 1, 2, 0], "i32");
    const oneHot = constant(
      [
        [0, 1, 0],
        [0, 1, 0],
        [0, 0, 1],
        [1, 0, 0],
      ],
      "u8",
    );
    for (const right of [whole, whole.cast("i64"), oneHot]) {
      expect(numbersOf(accuracy(scores, right))).toEqual([0.75]);
      expect(numbersOf(correctCount(scores, right))).toEqual([3]);
    }
    expect([accuracy(scores, whole).dtype, correctCount(scores, whole).dtype]).toEqual(["f32", "i32"]);
  });

  it("binaryAccuracy reads logits by their sign", () => {
    expect(numbersOf(binaryAccuracy(constant([2, -1, 0.5, -3]), constant([1, 0, 0, 1], "i32")))).toEqual([
      0.5,
    ]);
  });

  it("refuses labels that don't fit", () => {
    expect(() => accuracy(scores, constant([[1]], "i32"))).toThrow(
      /accuracy: scores are .*Give integer labels of shape \[4\]/,
    );
    expect(() => binaryAccuracy(scores, constant([1]))).toThrow(/binaryAccuracy: logits are/);
  });
});
