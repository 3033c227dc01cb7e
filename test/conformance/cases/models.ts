import {
  type State,
  type Tensor,
  type Update,
  concat,
  conv,
  dim,
  gradients,
  input,
  iota,
  program,
  randomBits,
  register,
  valueOf,
  window,
} from "@adjoint/ir";
import { type Case, at, make, the } from "../case.ts";
import { random, randomIntegers } from "../samples.ts";

const sums = { times: 8, ofMean: true };
const relu = (x: Tensor): Tensor => x.max(0);

const contractions: readonly Case[] = [
  make(
    "a product with bias and relu",
    { x: random("f32", [37, 53], 1), w: random("f32", [53, 29], 2), b: random("f32", [29], 3) },
    ({ x, w, b }) => relu(x.matMul(w).add(b)),
    { tolerance: sums },
  ),
  make(
    "a product by a transposed weight, scaled, with a residue",
    { x: random("f32", [9, 16], 1), w: random("f32", [16, 16], 2) },
    ({ x, w }) => x.matMul(w.transpose()).mul(0.1).add(x),
    { tolerance: sums },
  ),
  make(
    "a product of computed operands",
    { x: random("f32", [7, 11], 1), w: random("f32", [11, 5], 2) },
    ({ x, w }) => x.sub(0.1).tanh().matMul(w.mul(w).add(0.5)),
    { tolerance: sums },
  ),
  make(
    "a product that is output before and after its epilogue",
    { x: random("f32", [6, 8], 1), w: random("f32", [8, 5], 2) },
    ({ x, w }) => {
      const y = x.matMul(w);
      return { y, z: relu(y), sum: y.reduceSum({ axes: 0 }) };
    },
    { tolerance: sums },
  ),
  make(
    "products in a row",
    { x: random("f32", [5, 13], 1), a: random("f32", [13, 17], 2), b: random("f32", [17, 3], 3) },
    ({ x, a, b }) => x.matMul(a).matMul(b),
    { tolerance: sums },
  ),
  make(
    "two products of one operand",
    { x: random("f32", [5, 13], 1), a: random("f32", [13, 4], 2), b: random("f32", [13, 4], 3) },
    ({ x, a, b }) => x.matMul(a).mul(x.matMul(b)),
    { tolerance: sums },
  ),
  make(
    "attention of two heads",
    {
      q: random("f32", [2, 2, 5, 4], 1),
      k: random("f32", [2, 2, 7, 4], 2),
      v: random("f32", [2, 2, 7, 3], 3),
    },
    ({ q, k, v }) => {
      const scores = q.matMul(k.transpose([0, 1, 3, 2])).mul(0.5);
      const weights = scores.sub(scores.reduceMax({ axes: -1, keepDims: true })).exp();
      return weights
        .div(weights.reduceSum({ axes: -1, keepDims: true }))
        .matMul(v)
        .transpose([0, 2, 1, 3])
        .reshape([2, 5, 6]);
    },
    { tolerance: sums },
  ),
  make(
    "a convolution with bias, relu and a maximum pool",
    { x: random("f32", [2, 3, 9, 8], 1), w: random("f32", [5, 3, 3, 3], 2), b: random("f32", [5, 1, 1], 3) },
    ({ x, w, b }) =>
      window(relu(conv(x, w, { padLow: [1, 1], padHigh: [1, 1] }).add(b)), {
        axes: [2, 3],
        sizes: [2, 2],
        strides: [2, 2],
      }).reduceMax({ axes: [4, 5] }),
    { tolerance: sums },
  ),
  make(
    "convolutions of two widths side by side",
    {
      x: random("f32", [1, 4, 6, 6], 1),
      a: random("f32", [2, 4, 1, 1], 2),
      b: random("f32", [3, 4, 3, 3], 3),
    },
    ({ x, a, b }) => concat([relu(conv(x, a)), relu(conv(x, b, { padLow: [1, 1], padHigh: [1, 1] }))], 1),
    { tolerance: sums },
  ),
  make(
    "the gradients of a small convolutional network",
    { x: random("f32", [3, 1, 8, 8], 1), w: random("f32", [4, 1, 3, 3], 2), v: random("f32", [36, 5], 3) },
    ({ x, w, v }) => {
      const pooled = window(relu(conv(x, w)), { axes: [2, 3], sizes: [2, 2], strides: [2, 2] }).reduceMax({
        axes: [4, 5],
      });
      const scores = pooled.reshape([3, 36]).matMul(v);
      const loss = scores.mul(scores).reduceMean();
      const [byX, byW, byV] = gradients(loss, [x, w, v]);
      return { loss, byX: the(byX), byW: the(byW), byV: the(byV) };
    },
    { tolerance: { times: 32, ofMean: true } },
  ),
];

const batch = dim("batch");

/** A graph for any number of rows, with one number of them. */
const anyBatch = (rows: number): Case => ({
  name: `symbolic batch of ${rows}`,
  feeds: { x: random("f32", [rows, 4], 1) },
  tolerance: sums,
  // The mean of no rows is 0/0.
  traits: rows === 0 ? ["nonFinite"] : [],
  graph: () => {
    const x = input("x", "f32", [batch, 4]);
    const w = register("w", "f32", [4, 3], { initial: { kind: "normal", mean: 0, standardDeviation: 1 } });
    const y = relu(x.matMul(w));
    return program({
      inputs: { x },
      outputs: {
        y,
        mean: x.reduceMean({ axes: 0 }),
        flat: y.reshape([-1]),
        doubled: concat([y, y.neg()], 0),
      },
    });
  },
});

interface Moments {
  readonly m: Tensor;
  readonly v: Tensor;
}

const parameters = { w1: [6, 8], b1: [8], w2: [8, 3], b2: [3] } as const;

/** Σ −log softmax(logits)[label] / n, by a shifted logarithm of sums. */
function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const shifted = logits.sub(logits.reduceMax({ axes: 1, keepDims: true }).stopGradient());
  const logSums = shifted.exp().reduceSum({ axes: 1 }).log();
  const picked = labels
    .unsqueeze(1)
    .equal(iota("i32", [1, 3], 1))
    .where(shifted, 0)
    .reduceSum({ axes: 1 });
  return logSums.sub(picked).reduceMean();
}

/** Forward, gradients, dropout from a counted key, and Adam with bias correction: a whole step as one graph. */
function trainingStep(): Case {
  const state: { [name: string]: State[string] } = {
    step: valueOf("i32", [], [4]),
    random: valueOf("u32", [2], [77, 5]),
  };
  Object.entries(parameters).forEach(([name, shape], index) => {
    state[name] = random("f32", shape, 10 + index);
    state[`${name}.m`] = random("f32", shape, 20 + index, -0.1, 0.1);
    state[`${name}.v`] = random("f32", shape, 30 + index, 0.01, 0.1);
  });
  return {
    name: "a training step of a perceptron with dropout and Adam",
    feeds: { x: random("f32", [10, 6], 1), labels: randomIntegers("i32", [10], 2, 0, 3) },
    state,
    tolerance: { times: 64, ofMean: true },
    graph: () => {
      const [x, labels] = [input("x", "f32", [10, 6]), input("labels", "i32", [10])];
      const weights = Object.entries(parameters).map(([name, shape]) => register(name, "f32", shape));
      const key = register("random", "u32", [2]);
      const step = register("step", "i32", []);
      const keep = randomBits(key, [10, 8]).less(3435973837).cast("f32").mul(1.25);
      const hidden = relu(x.matMul(at(weights, 0)).add(at(weights, 1))).mul(keep);
      const logits = hidden.matMul(at(weights, 2)).add(at(weights, 3));
      const loss = crossEntropy(logits, labels);
      const t = step.add(1).cast("f32");
      const updates: Update[] = [
        { register: step, next: step.add(1) },
        { register: key, next: key.add(valueOfKey()) },
      ];
      gradients(loss, weights).forEach((g, index) => {
        const [name, shape] = Object.entries(parameters)[index] ?? ["", []];
        const old: Moments = {
          m: register(`${name}.m`, "f32", shape),
          v: register(`${name}.v`, "f32", shape),
        };
        const m = old.m.mul(0.9).add(g.mul(0.1));
        const v = old.v.mul(0.999).add(g.mul(g).mul(0.001));
        const rate = m.div(t.mul(Math.log(0.9)).exp().neg().add(1)).div(
          v
            .div(t.mul(Math.log(0.999)).exp().neg().add(1))
            .sqrt()
            .add(1e-8),
        );
        updates.push(
          { register: old.m, next: m },
          { register: old.v, next: v },
          { register: at(weights, index), next: at(weights, index).sub(rate.mul(1e-3)) },
        );
      });
      return program({ inputs: { x, labels }, outputs: { loss, logits }, updates });
    },
  };
}

/** One more draw. */
const valueOfKey = (): Tensor => iota("u32", [2]);

/** Plain gradient descent on a regression, twice in one graph through the updated value. */
const descent: Case = {
  name: "two steps of gradient descent in one graph",
  feeds: { x: random("f64", [12, 3], 1), y: random("f64", [12], 2) },
  state: { w: random("f64", [3], 3) },
  tolerance: sums,
  graph: () => {
    const [x, y] = [input("x", "f64", [12, 3]), input("y", "f64", [12])];
    const w = register("w", "f64", [3]);
    const lossOf = (v: Tensor): Tensor => {
      const error = x.matMul(v).sub(y);
      return error.mul(error).reduceMean();
    };
    const once = w.sub(at(gradients(lossOf(w), [w]), 0).mul(0.1));
    const twice = once.sub(at(gradients(lossOf(once), [once]), 0).mul(0.1));
    return program({
      inputs: { x, y },
      outputs: { before: lossOf(w), after: lossOf(twice) },
      updates: [{ register: w, next: twice }],
    });
  },
};

export const modelCases: readonly Case[] = [
  ...contractions,
  anyBatch(1),
  anyBatch(5),
  anyBatch(0),
  trainingStep(),
  descent,
];
