import { checked, gt, number, strictObject } from "../schema.ts";
import { isInteger } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import type { Composite, Tensor } from "../tensor.ts";
import { checkDomain } from "../ops/elementwise.ts";
import { asIndices, gatherElements } from "../ops/indexing.ts";
import { iota } from "../ops/source.ts";
import { operand } from "../primitive.ts";
import { sigmoid } from "./smooth-activations.ts";
import { checkDTypes, checkShape, define, outputOf } from "./define.ts";
import { clip, relu } from "./piecewise-activations.ts";
import { logSoftmax, shifted, softmax } from "./softmax.ts";

interface Huber {
  delta: number;
}

/** Floats of one dtype and shape: stretching [batch, 1] against [batch] would hide a mistake. */
// @__NO_SIDE_EFFECTS__
const checkPair =
  (name: string) =>
  (inputs: readonly Tensor[]): void => {
    checkDTypes(name, inputs);
    checkShape(name, operand(inputs, 1), operand(inputs, 0).shape, "the second operand");
  };

/** Scores [..., C] and one integer label for each row. */
// @__NO_SIDE_EFFECTS__
const checkLabels =
  (name: string) =>
  ([scores, labels]: readonly Tensor[]): void => {
    if (scores === undefined || labels === undefined) return;
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

const pairOf = (inputs: readonly Tensor[]): readonly [Tensor, Tensor] => [
  operand(inputs, 0),
  operand(inputs, 1),
];

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

const softmaxCrossEntropyOperation = define({
  name: "softmaxCrossEntropy",
  arity: 2,
  check: checkLabels("softmaxCrossEntropy"),
  // Distances to the largest logit, so that huge logits lose no digits: log Σ e^(x − m) − (x_label − m).
  build: (inputs) => {
    const [logits, labels] = pairOf(inputs);
    const { top, sum } = shifted(logits, [logits.rank - 1]);
    return sum.log().sub(picked(logits, labels).sub(top)).squeeze(-1);
  },
  gradient: (g, { inputs }) => {
    const [logits, labels] = pairOf(inputs);
    const weight = perRow(g, logits, labels);
    const probabilities = softmax(logits);
    return [probabilities.sub(isLabel(logits, labels).cast(logits.dtype)).mul(weight), undefined];
  },
});

const softmaxCrossEntropyOneHotOperation = define({
  name: "softmaxCrossEntropyOneHot",
  arity: 2,
  check: checkPair("softmaxCrossEntropyOneHot"),
  // A class of probability 0 costs nothing even where its logit is −∞.
  build: (inputs) => {
    const [logits, targets] = pairOf(inputs);
    const costs = targets.equal(0).where(0, targets.mul(logSoftmax(logits)));
    return costs.reduceSum({ axes: [-1] }).neg();
  },
  gradient: (g, { inputs }) => {
    const [logits, targets] = pairOf(inputs);
    const weight = g.unsqueeze(-1);
    const total = targets.reduceSum({ axes: [-1], keepDims: true });
    return [softmax(logits).mul(total).sub(targets).mul(weight), logSoftmax(logits).mul(weight).neg()];
  },
});

const negativeLogLikelihoodOperation = define({
  name: "negativeLogLikelihood",
  arity: 2,
  exact: true,
  check: checkLabels("negativeLogLikelihood"),
  build: (inputs) =>
    picked(...pairOf(inputs))
      .squeeze(-1)
      .neg(),
  gradient: (g, { inputs }) => {
    const [scores, labels] = pairOf(inputs);
    return [isLabel(scores, labels).where(perRow(g, scores, labels).neg(), 0), undefined];
  },
});

const binaryCrossEntropyWithLogitsOperation = define({
  name: "binaryCrossEntropyWithLogits",
  arity: 2,
  check: checkPair("binaryCrossEntropyWithLogits"),
  // In this order a right answer's small loss keeps its digits: the first two terms cancel exactly.
  build: (inputs) => {
    const [logits, targets] = pairOf(inputs);
    return logits.max(0).sub(logits.mul(targets)).add(logits.abs().neg().exp().log1p());
  },
  gradient: (g, { inputs }) => {
    const [logits, targets] = pairOf(inputs);
    return [sigmoid(logits).sub(targets).mul(g), logits.mul(g).neg()];
  },
});

const squaredErrorOperation = define({
  name: "squaredError",
  arity: 2,
  check: checkPair("squaredError"),
  build: (inputs) => {
    const difference = operand(inputs, 0).sub(operand(inputs, 1));
    return difference.mul(difference);
  },
  gradient: (g, { inputs }) => {
    const slope = operand(inputs, 0).sub(operand(inputs, 1)).mul(2).mul(g);
    return [slope, slope.neg()];
  },
});

const absoluteErrorOperation = define({
  name: "absoluteError",
  arity: 2,
  check: checkPair("absoluteError"),
  build: (inputs) => operand(inputs, 0).sub(operand(inputs, 1)).abs(),
});

const huberOperation = define<Huber>({
  name: "huber",
  arity: 2,
  attributes: strictObject({ delta: checked(number(), gt(0)) }),
  check: checkPair("huber"),
  build: (inputs, { delta }) => {
    const difference = operand(inputs, 0).sub(operand(inputs, 1));
    const size = difference.abs();
    return size
      .lessOrEqual(delta)
      .where(difference.mul(difference).mul(0.5), size.sub(0.5 * delta).mul(delta));
  },
  gradient: (g, { inputs, attributes: { delta } }) => {
    const difference = operand(inputs, 0).sub(operand(inputs, 1));
    const slope = clip(difference, { min: -delta, max: delta }).mul(g);
    return [slope, slope.neg()];
  },
});

const hingeOperation = define({
  name: "hinge",
  arity: 2,
  check: checkPair("hinge"),
  build: (inputs) => relu(operand(inputs, 0).mul(operand(inputs, 1)).neg().add(1)),
});

const klDivergenceOperation = define({
  name: "klDivergence",
  arity: 2,
  check: checkPair("klDivergence"),
  build: (inputs) => {
    const [logProbabilities, targets] = pairOf(inputs);
    const cost = (target: Tensor): Tensor => target.mul(target.log().sub(logProbabilities));
    return targets.equal(0).where(0, cost(targets.equal(0).where(1, targets)));
  },
  gradient: (g, { inputs }) => {
    const [logProbabilities, targets] = pairOf(inputs);
    const isZero = targets.equal(0);
    const slope = isZero.where(1, targets).log().sub(logProbabilities).add(1);
    return [targets.mul(g).neg(), isZero.where(0, slope.mul(g))];
  },
});

/** Losses for each element or example; what sums or averages them is the caller's. */
export const lossComposites: readonly Composite[] = [
  softmaxCrossEntropyOperation,
  softmaxCrossEntropyOneHotOperation,
  negativeLogLikelihoodOperation,
  binaryCrossEntropyWithLogitsOperation,
  squaredErrorOperation,
  absoluteErrorOperation,
  huberOperation,
  hingeOperation,
  klDivergenceOperation,
];

/**
 * −log softmax(logits)[label] for each row: [..., C] and integer labels [...] → [...]. Finite, with finite gradients
 * softmax − one-hot, for logits of any size.
 * @throws AdjointError (code `index`) when it runs, for a label outside 0 … C−1; a gradient that is computed without its
 * loss is NaN in that row instead.
 */
export const softmaxCrossEntropy = (logits: Tensor, labels: Tensor): Tensor =>
  outputOf(softmaxCrossEntropyOperation, [logits, labels], {});

/** −Σ targets·log softmax(logits) over the last axis: two tensors [..., C] → [...]. */
export const softmaxCrossEntropyOneHot = (logits: Tensor, targets: Tensor): Tensor =>
  outputOf(softmaxCrossEntropyOneHotOperation, [logits, targets], {});

/**
 * −logProbabilities[label] for each row: [..., C] and integer labels [...] → [...].
 * @throws AdjointError (code `index`) when it runs, for a label outside 0 … C−1; its gradient is NaN there.
 */
export const negativeLogLikelihood = (logProbabilities: Tensor, labels: Tensor): Tensor =>
  outputOf(negativeLogLikelihoodOperation, [logProbabilities, labels], {});

/** −t·log σ(x) − (1 − t)·log(1 − σ(x)) for each element, t in [0, 1], as max(x, 0) − x·t + log(1 + e^(−|x|)). */
export const binaryCrossEntropyWithLogits = (logits: Tensor, targets: Tensor): Tensor =>
  outputOf(binaryCrossEntropyWithLogitsOperation, [logits, targets], {});

/** (prediction − target)² for each element. */
export const squaredError = (prediction: Tensor, target: Tensor): Tensor =>
  outputOf(squaredErrorOperation, [prediction, target], {});

/** |prediction − target| for each element; the derivative at 0 is 0. */
export const absoluteError = (prediction: Tensor, target: Tensor): Tensor =>
  outputOf(absoluteErrorOperation, [prediction, target], {});

/**
 * ½e² where |e| ≤ delta, else delta·(|e| − delta/2), e = prediction − target, for each element.
 * Source: Huber, "Robust estimation of a location parameter" (1964).
 */
export const huber = (
  prediction: Tensor,
  target: Tensor,
  { delta = 1 }: { readonly delta?: number } = {},
): Tensor => outputOf(huberOperation, [prediction, target], { delta });

/** max(0, 1 − prediction·target) for each element, target ±1; the derivative at the margin is 0. */
export const hinge = (prediction: Tensor, target: Tensor): Tensor =>
  outputOf(hingeOperation, [prediction, target], {});

/** t·(log t − log q) for each element, from log q and t; 0 where t is 0, with derivative 0 by t there. */
export const klDivergence = (logProbabilities: Tensor, targets: Tensor): Tensor =>
  outputOf(klDivergenceOperation, [logProbabilities, targets], {});
