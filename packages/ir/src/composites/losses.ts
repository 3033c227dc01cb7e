import { checked, gt, number, strictObject } from "../schema.ts";
import { isInteger } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import type { CompositeFunction } from "../composite.ts";
import type { Tensor } from "../tensor.ts";
import { checkDomain } from "../ops/elementwise.ts";
import { asIndices, gatherElements } from "../ops/indexing.ts";
import { iota } from "../ops/source.ts";
import { relu } from "./activations/relu.ts";
import { sigmoid } from "./activations/sigmoid.ts";
import { checkDTypes, checkShape } from "./checks.ts";
import { binary } from "./define.ts";
import { clip } from "./clip.ts";
import { shifted } from "./shifted.ts";
import { logSoftmax, softmax } from "./softmax.ts";

/*
 * Losses for each element or example; the caller sums or averages them.
 */

type Pair = readonly [Tensor, Tensor];

/** Floats of one dtype and shape: stretching [batch, 1] against [batch] would hide a mistake. */
// @__NO_SIDE_EFFECTS__
const checkPair =
  (name: string) =>
  (inputs: Pair): void => {
    checkDTypes(name, inputs);
    checkShape(name, inputs[1], inputs[0].shape, "the second operand");
  };

/** Scores [..., C] and one integer label for each row. */
// @__NO_SIDE_EFFECTS__
const checkLabels =
  (name: string) =>
  ([scores, labels]: Pair): void => {
    checkDomain(name, "float", scores);
    if (scores.rank === 0) throw new AdjointError("shape", name, `wants [..., classes] and got ${scores}`);
    if (!isInteger(labels.dtype)) {
      throw new AdjointError(
        "dtype",
        name,
        `labels must be integers and are ${labels}`,
        `Cast them with .cast("i32"); for a probability for each class there is ${name === "softmaxCrossEntropy" ? "softmaxCrossEntropyOneHot" : "klDivergence"}.`,
      );
    }
    checkShape(name, labels, scores.shape.slice(0, -1), "the labels");
  };

/** Each row's score of its label, the last axis at size 1. A label outside the classes is an error when it runs. */
const picked = (scores: Tensor, labels: Tensor): Tensor => gatherElements(scores, labels.unsqueeze(-1), -1);

/** True at each row's label. */
const isLabel = (scores: Tensor, labels: Tensor): Tensor => {
  const last = scores.rank - 1;
  return iota("i32", scores.shape, last).equal(asIndices("label", labels).unsqueeze(last));
};

/** The number of classes as an i32 scalar; a symbol is read off an iota, which folds once it is bound. */
const classCount = (scores: Tensor): number | Tensor => {
  const classes = scores.shape[scores.rank - 1] ?? 1;
  return typeof classes === "number" ? classes : iota("i32", [classes]).reduceMax().add(1);
};

/** A row's cotangent with the last axis at size 1, NaN for a label outside the classes: never a silent wrong number. */
const perRow = (g: Tensor, scores: Tensor, labels: Tensor): Tensor => {
  const index = asIndices("label", labels);
  const inside = index.greaterOrEqual(0).and(index.less(classCount(scores)));
  return inside.where(g, NaN).unsqueeze(-1);
};

/**
 * −log softmax(logits)[label] for each row: [..., C] and integer labels [...] → [...]. Finite, with finite gradients
 * softmax − one-hot, for logits of any size.
 * @throws AdjointError (code `index`) when it runs, for a label outside 0 … C−1; a gradient that is computed without its
 * loss is NaN in that row instead.
 */
export const softmaxCrossEntropy: CompositeFunction<[logits: Tensor, labels: Tensor]> = binary(
  "softmaxCrossEntropy",
  // Distances to the largest logit, so that huge logits lose no digits: log Σ e^(x − m) − (x_label − m).
  (logits, labels) => {
    const { top, sum } = shifted(logits, [logits.rank - 1]);
    return sum.log().sub(picked(logits, labels).sub(top)).squeeze(-1);
  },
  {
    check: checkLabels("softmaxCrossEntropy"),
    gradient: ({ inputs: [logits, labels], g }) => {
      const weight = perRow(g, logits, labels);
      const probabilities = softmax(logits);
      return [probabilities.sub(isLabel(logits, labels).cast(logits.dtype)).mul(weight), undefined];
    },
  },
);

/** −Σ targets·log softmax(logits) over the last axis: two tensors [..., C] → [...]. */
export const softmaxCrossEntropyOneHot: CompositeFunction<[logits: Tensor, targets: Tensor]> = binary(
  "softmaxCrossEntropyOneHot",
  // A class of probability 0 costs nothing even if its logit is −∞.
  (logits, targets) => {
    const costs = targets.equal(0).where(0, targets.mul(logSoftmax(logits)));
    return costs.reduceSum({ axes: [-1] }).neg();
  },
  {
    check: checkPair("softmaxCrossEntropyOneHot"),
    gradient: ({ inputs: [logits, targets], g }) => {
      const weight = g.unsqueeze(-1);
      const total = targets.reduceSum({ axes: [-1], keepDims: true });
      return [softmax(logits).mul(total).sub(targets).mul(weight), logSoftmax(logits).mul(weight).neg()];
    },
  },
);

/**
 * −logProbabilities[label] for each row: [..., C] and integer labels [...] → [...].
 * @throws AdjointError (code `index`) when it runs, for a label outside 0 … C−1; its gradient is NaN there.
 */
export const negativeLogLikelihood: CompositeFunction<[logProbabilities: Tensor, labels: Tensor]> = binary(
  "negativeLogLikelihood",
  (scores, labels) => picked(scores, labels).squeeze(-1).neg(),
  {
    exact: true,
    check: checkLabels("negativeLogLikelihood"),
    gradient: ({ inputs: [scores, labels], g }) => [
      isLabel(scores, labels).where(perRow(g, scores, labels).neg(), 0),
      undefined,
    ],
  },
);

/** −t·log σ(x) − (1 − t)·log(1 − σ(x)) for each element, t in [0, 1], as max(x, 0) − x·t + log(1 + e^(−|x|)). */
export const binaryCrossEntropyWithLogits: CompositeFunction<[logits: Tensor, targets: Tensor]> = binary(
  "binaryCrossEntropyWithLogits",
  // In this order a right answer's small loss keeps its digits: the first two terms cancel exactly.
  (logits, targets) => logits.max(0).sub(logits.mul(targets)).add(logits.abs().neg().exp().log1p()),
  {
    check: checkPair("binaryCrossEntropyWithLogits"),
    gradient: ({ inputs: [logits, targets], g }) => [
      sigmoid(logits).sub(targets).mul(g),
      logits.mul(g).neg(),
    ],
  },
);

/** (prediction − target)² for each element. */
export const squaredError: CompositeFunction<[prediction: Tensor, target: Tensor]> = binary(
  "squaredError",
  (prediction, target) => {
    const difference = prediction.sub(target);
    return difference.mul(difference);
  },
  {
    check: checkPair("squaredError"),
    gradient: ({ inputs: [prediction, target], g }) => {
      const slope = prediction.sub(target).mul(2).mul(g);
      return [slope, slope.neg()];
    },
  },
);

/** |prediction − target| for each element; the derivative at 0 is 0. */
export const absoluteError: CompositeFunction<[prediction: Tensor, target: Tensor]> = binary(
  "absoluteError",
  (prediction, target) => prediction.sub(target).abs(),
  { check: checkPair("absoluteError") },
);

export interface HuberOptions {
  /** The distance at which the parabola ends and the lines begin, > 0; 1 by default. */
  readonly delta?: number;
}

/**
 * ½e² if |e| ≤ delta, else delta·(|e| − delta/2), e = prediction − target, for each element.
 * Source: Huber, "Robust estimation of a location parameter" (1964).
 */
export const huber: CompositeFunction<[prediction: Tensor, target: Tensor, options?: HuberOptions]> = binary(
  "huber",
  (prediction, target, { delta }) => {
    const difference = prediction.sub(target);
    const size = difference.abs();
    return size
      .lessOrEqual(delta)
      .where(difference.mul(difference).mul(0.5), size.sub(0.5 * delta).mul(delta));
  },
  {
    attributes: strictObject({ delta: checked(number(), gt(0)) }),
    settings: (_, __, { delta = 1 } = {}) => ({ delta }),
    check: checkPair("huber"),
    gradient: ({ inputs: [prediction, target], g, attributes: { delta } }) => {
      const difference = prediction.sub(target);
      const slope = clip(difference, { min: -delta, max: delta }).mul(g);
      return [slope, slope.neg()];
    },
  },
);

/** max(0, 1 − prediction·target) for each element, target ±1; the derivative at the margin is 0. */
export const hinge: CompositeFunction<[prediction: Tensor, target: Tensor]> = binary(
  "hinge",
  (prediction, target) => relu(prediction.mul(target).neg().add(1)),
  { check: checkPair("hinge") },
);

/** t·(log t − log q) for each element, from log q and t; 0 if t is 0, with derivative 0 with respect to t there. */
export const klDivergence: CompositeFunction<[logProbabilities: Tensor, targets: Tensor]> = binary(
  "klDivergence",
  (logProbabilities, targets) => {
    const cost = (target: Tensor): Tensor => target.mul(target.log().sub(logProbabilities));
    return targets.equal(0).where(0, cost(targets.equal(0).where(1, targets)));
  },
  {
    check: checkPair("klDivergence"),
    gradient: ({ inputs: [logProbabilities, targets], g }) => {
      const isZero = targets.equal(0);
      const slope = isZero.where(1, targets).log().sub(logProbabilities).add(1);
      return [targets.mul(g).neg(), isZero.where(0, slope.mul(g))];
    },
  },
);
