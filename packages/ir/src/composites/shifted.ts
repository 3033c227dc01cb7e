import type { Tensor } from "../tensor.ts";

/** Exponentials in reach of every float type: those of the distance to the largest element. */
interface Shifted {
  readonly distance: Tensor;
  /** The largest element along the axes, or 0 if that is infinite, so that the distance is never ∞ − ∞. */
  readonly top: Tensor;
  readonly exponentials: Tensor;
  readonly sum: Tensor;
}

/**
 * The common part of softmax, its logarithm, its sum and cross-entropy, in one form: after inlining they are the same
 * nodes, so a loss and its gradient find the maximum and the sum once.
 */
export function shifted(x: Tensor, axes: readonly number[]): Shifted {
  const largest = x.reduceMax({ axes, keepDims: true });
  // Results made of these do not depend on `top`, so no gradient needs to go through it.
  const top = largest.isInf().where(0, largest).stopGradient();
  const distance = x.sub(top);
  const exponentials = distance.exp();
  return { distance, top, exponentials, sum: exponentials.reduceSum({ axes, keepDims: true }) };
}
