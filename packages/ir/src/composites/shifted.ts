import type { Tensor } from "../tensor.ts";

/** Exponentials in reach of every float type: those of the distance to the largest element. */
interface Shifted {
  readonly distance: Tensor;
  /** The largest element along the axes, 0 where it is infinite so that the distance is no ∞ − ∞. */
  readonly top: Tensor;
  readonly exponentials: Tensor;
  readonly sum: Tensor;
}

/**
 * What softmax, its logarithm, its sum and cross-entropy have in common, in one form: after inlining they are the same
 * nodes, so a loss and its gradient find the maximum and the sum once.
 */
export function shifted(x: Tensor, axes: readonly number[]): Shifted {
  const largest = x.reduceMax({ axes, keepDims: true });
  // What is made of these does not depend on `top`, so no gradient need go through it.
  const top = largest.isInf().where(0, largest).stopGradient();
  const distance = x.sub(top);
  const exponentials = distance.exp();
  return { distance, top, exponentials, sum: exponentials.reduceSum({ axes, keepDims: true }) };
}
