import type { Tensor } from "@adjoint/ir";
import { AdjointError, equalShapes, isInteger, shapeText } from "@adjoint/ir/values";

/** True where the largest score is the label's; ties go to the first class. */
function hits(metric: string, scores: Tensor, labels: Tensor): Tensor {
  const rows = scores.shape.slice(0, -1);
  const predicted = (): Tensor => scores.argMax({ axis: -1 });
  if (scores.rank > 0 && isInteger(labels.dtype) && equalShapes(labels.shape, rows))
    return predicted().equal(labels.cast("i32"));
  if (scores.rank > 0 && equalShapes(labels.shape, scores.shape))
    return predicted().equal(labels.cast(scores.dtype).argMax({ axis: -1 }));
  throw new AdjointError(
    "shape",
    metric,
    `scores are ${scores} and labels are ${labels}`,
    `Give integer labels of shape ${shapeText(rows)}, or one-hot ones of the scores' shape.`,
  );
}

/**
 * The share of examples whose largest score is at the label: scores (logits or probabilities) [batch, …, classes] and
 * integer labels [batch, …] or one-hot ones of the scores' shape → f32 scalar.
 */
export const accuracy = (scores: Tensor, labels: Tensor): Tensor =>
  hits("accuracy", scores, labels).cast("f32").reduceMean();

/** As `accuracy`, but how many: i32 scalar. Summed over batches of any size it gives the exact share. */
export const correctCount = (scores: Tensor, labels: Tensor): Tensor =>
  hits("correctCount", scores, labels).cast("i32").reduceSum();

/** The share of logits whose sign is right, for targets of 0 and 1 of the same shape → f32 scalar. */
export function binaryAccuracy(logits: Tensor, targets: Tensor): Tensor {
  if (!equalShapes(logits.shape, targets.shape))
    throw new AdjointError(
      "shape",
      "binaryAccuracy",
      `logits are ${logits} and targets are ${targets}`,
      "Reshape one.",
    );
  return logits.greater(0).equal(targets.cast("f32").greater(0.5)).cast("f32").reduceMean();
}
