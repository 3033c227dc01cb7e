import { type Tensor, workingType } from "@adjoint/ir";
import { isNode, nodesOf } from "@adjoint/ir/graph";
import { AdjointError, dtypes, isFloat } from "@adjoint/ir/values";
import { nonNegative, parseSettings } from "@adjoint/ir/schema";
import { share } from "./config.ts";

/**
 * The trainable registers of rank 2 and more that a tensor depends on: weights of dense and convolution layers and
 * embeddings, without biases and scales, which penalties leave alone.
 */
export const weightsOf = (output: Tensor): readonly Tensor[] =>
  nodesOf([output])
    .filter((node) => isNode(node, "register") && node.attributes.trainable)
    .map((node) => node.output)
    .filter((tensor) => isFloat(tensor.dtype) && tensor.rank >= 2);

function penalty(
  name: string,
  weights: readonly Tensor[],
  strength: number,
  of: (w: Tensor) => Tensor,
): Tensor {
  const factor = parseSettings(`${name} strength`, nonNegative, strength);
  // The table of types has the widest first.
  const widest = dtypes.find((dtype) => weights.some((weight) => weight.dtype === dtype)) ?? "f32";
  const [first, ...rest] = weights.map((weight) => of(weight.cast(workingType(widest))));
  if (first === undefined) {
    throw new AdjointError("graph", name, "got no weights", "weightsOf(loss) finds those of a model.");
  }
  return rest
    .reduce((sum, term) => sum.add(term), first)
    .mul(factor)
    .cast(widest);
}

/** strength·Σ|w| over all elements of all weights: a scalar of the widest type among them, to add to a loss. */
export const l1 = (weights: readonly Tensor[], strength: number): Tensor =>
  penalty("l1", weights, strength, (w) => w.abs().reduceSum());

/** strength·Σw² over all elements of all weights, whose gradient is 2·strength·w: a scalar as of `l1`. */
export const l2 = (weights: readonly Tensor[], strength: number): Tensor =>
  penalty("l2", weights, strength, (w) => w.mul(w).reduceSum());

/**
 * (1 − λ)·loss + λ·penalty: how much the model's simplicity weighs against its errors.
 * @param lambda from 0 to 1.
 */
export function regularized(loss: Tensor, term: Tensor, lambda: number): Tensor {
  const weight = parseSettings("regularized lambda", share, lambda);
  return loss.mul(1 - weight).add(term.mul(weight));
}
