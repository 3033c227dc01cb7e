import { type Output, int, oneOf, optional, strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { type Operator, operator } from "./row.ts";

const attributes = strictObject({
  reduction: withDefault(oneOf(["mean", "sum", "none"]), "mean"),
  ignore_index: optional(int()),
});

type LossContext = OperatorContext<Output<typeof attributes>>;

/** [N, C, …] with the classes on the last axis, where Adjoint's losses have them. */
const classesLast = (x: Tensor): Tensor => {
  const [batch = 0, classes = 1, ...positions] = x.shape.keys();
  return x.transpose([batch, ...positions, classes]);
};

/** The cost of each label over scores [N, C, …] and labels [N, …], weighted and reduced; of 16-bit floats in f32. */
function reduced(context: LossContext, cost: (scores: Tensor, labels: Tensor) => Tensor): Tensor {
  const [scores, given] = [context.input(0), context.input(1)];
  if (scores.rank < 2) context.refuse(`wants scores [N, C, …] and got ${scores}`);
  const { ignore_index: ignored, reduction } = context.attributes;
  const counts = ignored === undefined ? undefined : given.notEqual(ignored);
  // An ignored label may lie outside the classes: class 0 stands in for it, with weight 0.
  const labels = counts === undefined ? given : counts.where(given, 0);
  const costs = cost(classesLast(ir.widened(scores)), labels);
  const weights = weightsOf(context.optional(2), labels, counts, costs);
  const weighted = weights === undefined ? costs : weights.equal(0).where(0, costs.mul(weights));
  const mean = (): Tensor =>
    weights === undefined ? costs.reduceMean() : weighted.reduceSum().div(weights.reduceSum());
  const results = { none: () => weighted, sum: () => weighted.reduceSum(), mean };
  return results[reduction]().cast(scores.dtype);
}

/** The weight of each label; undefined if all are 1. */
function weightsOf(
  byClass: Tensor | undefined,
  labels: Tensor,
  counts: Tensor | undefined,
  costs: Tensor,
): Tensor | undefined {
  if (byClass === undefined) return counts?.cast(costs.dtype);
  const weights = byClass.take(labels).cast(costs.dtype);
  return counts === undefined ? weights : counts.where(weights, 0);
}

/** Losses of scores and labels. */
export const losses: readonly Operator[] = [
  operator({
    name: "NegativeLogLikelihoodLoss",
    since: [12, 13, 22],
    attributes,
    import: (context) => reduced(context, ir.negativeLogLikelihood),
  }),
  operator({
    name: "SoftmaxCrossEntropyLoss",
    since: [12, 13],
    attributes,
    import: (context) => [
      reduced(context, ir.softmaxCrossEntropy),
      ir.logSoftmax(context.input(0), { axis: 1 }),
    ],
  }),
];
