import {
  type Tensor,
  absoluteError,
  binaryCrossEntropyWithLogits,
  hinge as hingeOf,
  huber as huberOf,
  klDivergence as klDivergenceOf,
  softmaxCrossEntropy,
  softmaxCrossEntropyOneHot,
  squaredError,
  widely,
} from "@adjoint/ir";
import { AdjointError, equalShapes, isInteger, shapeText } from "@adjoint/ir/values";
import { checkDistinct } from "./call.ts";

/** The reduction of the losses of single elements or examples: their mean, their sum, or none. */
export type Reduction = "mean" | "sum" | "none";

/** Settings of a loss. */
export interface LossOptions {
  /** "mean" by default. */
  readonly reduction?: Reduction | undefined;
}

/** Of f16 and bf16 predictions all is computed in f32: a mean may be finite where an element is not. */
function reduced(
  prediction: Tensor,
  { reduction = "mean" }: LossOptions,
  lossesOf: (prediction: Tensor) => Tensor,
): Tensor {
  return widely(prediction, (wide) => {
    const losses = lossesOf(wide);
    checkDistinct(losses);
    if (reduction === "none") return losses;
    return reduction === "sum" ? losses.reduceSum() : losses.reduceMean();
  });
}

/** Targets of another type (whole numbers, booleans) as the prediction's. */
const like = (target: Tensor, prediction: Tensor): Tensor => target.cast(prediction.dtype);

/** A target that goes with a prediction goes with the wide one; another type stays, for the loss to refuse. */
const sameType = (target: Tensor, prediction: Tensor, wide: Tensor): Tensor =>
  target.dtype === prediction.dtype ? target.cast(wide.dtype) : target;

/** Sums over all axes but the first; a tensor of rank 1 or 0 is one example. */
const perExample = (x: Tensor): Tensor =>
  x.reduceSum({ axes: [...x.shape.keys()].slice(x.rank > 1 ? 1 : 0) });

/**
 * Softmax cross-entropy from logits [batch, …, classes]: −log softmax(logits)[label] for integer labels [batch, …], and
 * −Σ targets·log softmax(logits) for targets of the logits' shape (one-hot, or any probabilities). Which of them follows
 * from dtype and rank. Finite for logits of any size; the gradient is softmax − target.
 * @throws AdjointError when labels are neither.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  if (labels.rank === logits.rank - 1 && isInteger(labels.dtype))
    return reduced(logits, options, (wide) => softmaxCrossEntropy(wide, labels));
  if (equalShapes(labels.shape, logits.shape))
    return reduced(logits, options, (wide) => softmaxCrossEntropyOneHot(wide, like(labels, wide)));
  throw new AdjointError(
    "shape",
    "crossEntropy",
    `logits are ${logits} and labels are ${labels}`,
    `Give integer labels of shape ${shapeText(logits.shape.slice(0, -1))}, or targets of the logits' shape.`,
  );
}

/**
 * −t·log σ(x) − (1 − t)·log(1 − σ(x)) for logits x and targets t in [0, 1] of one shape, stable for logits of any size.
 * The gradient is σ(x) − t.
 */
export const binaryCrossEntropy = (logits: Tensor, targets: Tensor, options: LossOptions = {}): Tensor =>
  reduced(logits, options, (wide) => binaryCrossEntropyWithLogits(wide, like(targets, wide)));

/** (prediction − target)² for tensors of one shape. */
export const meanSquaredError = (prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor =>
  reduced(prediction, options, (wide) => squaredError(wide, sameType(target, prediction, wide)));

/** ½Σ(target − prediction)² of each example (all axes but the first; a vector is one example), then their mean. */
export const halfSumOfSquares = (prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor =>
  reduced(prediction, options, (wide) =>
    perExample(squaredError(wide, sameType(target, prediction, wide))).mul(0.5),
  );

/** |prediction − target| for tensors of one shape: a loss and a metric. */
export const meanAbsoluteError = (prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor =>
  reduced(prediction, options, (wide) => absoluteError(wide, sameType(target, prediction, wide)));

/** Settings of `huber`. */
export interface HuberOptions extends LossOptions {
  /** The error from which on the square becomes a line, 1 by default. */
  readonly delta?: number | undefined;
}

/** ½e² where |e| ≤ delta, else delta·(|e| − delta / 2), with e = prediction − target. Source: Huber (1964). */
export const huber = (prediction: Tensor, target: Tensor, options: HuberOptions = {}): Tensor =>
  reduced(prediction, options, (wide) =>
    huberOf(wide, sameType(target, prediction, wide), { delta: options.delta ?? 1 }),
  );

/** max(0, 1 − prediction·target), targets being −1 and 1. */
export const hinge = (prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor =>
  reduced(prediction, options, (wide) => hingeOf(wide, sameType(target, prediction, wide)));

/**
 * KL(targets ‖ exp(logProbabilities)) = Σ t·(log t − log q) of each example (over the last axis), then their mean. The
 * first argument is what `logSoftmax` gives.
 */
export const klDivergence = (logProbabilities: Tensor, targets: Tensor, options: LossOptions = {}): Tensor =>
  reduced(logProbabilities, options, (wide) =>
    klDivergenceOf(wide, sameType(targets, logProbabilities, wide)).reduceSum({ axes: [-1] }),
  );
