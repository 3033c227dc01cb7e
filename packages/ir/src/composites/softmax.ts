import { array, boolean, int, strictObject } from "../schema.ts";
import type { CompositeFunction } from "../composite.ts";
import type { ReduceOptions, Tensor } from "../tensor.ts";
import { normalizeAxes, normalizeAxis } from "../primitive.ts";
import { unary } from "./define.ts";

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

/** Options of operations along one axis, the last by default. */
export interface AxisOptions {
  readonly axis?: number;
}

/**
 * e^x / Σ e^x along an axis, without overflow. An axis of −∞ alone gives NaN. The derivative comes from the result:
 * (g − Σ g·y)·y.
 */
export const softmax: CompositeFunction<[x: Tensor, options?: AxisOptions]> = unary(
  "softmax",
  (x, { axis }) => {
    const { exponentials, sum } = shifted(x, [normalizeAxis("softmax", axis, x.rank)]);
    return exponentials.div(sum);
  },
  {
    attributes: strictObject({ axis: int() }),
    settings: (x, { axis = -1 } = {}) => ({ axis: normalizeAxis("softmax", axis, x.rank) }),
    gradient: ({ y, g, attributes: { axis } }) => {
      const mean = g.mul(y).reduceSum({ axes: [axis], keepDims: true });
      return g.sub(mean).mul(y);
    },
  },
);

/** log softmax(x) along an axis, without overflow and without the logarithm of an underflow. */
export const logSoftmax: CompositeFunction<[x: Tensor, options?: AxisOptions]> = unary(
  "logSoftmax",
  (x, { axis }) => {
    const { distance, sum } = shifted(x, [normalizeAxis("logSoftmax", axis, x.rank)]);
    return distance.sub(sum.log());
  },
  {
    attributes: strictObject({ axis: int() }),
    settings: (x, { axis = -1 } = {}) => ({ axis: normalizeAxis("logSoftmax", axis, x.rank) }),
    gradient: ({ x, g, attributes: { axis } }) =>
      g.sub(softmax(x, { axis }).mul(g.reduceSum({ axes: [axis], keepDims: true }))),
  },
);

/** log Σ e^x along axes (all by default), without overflow; −∞ where all elements are −∞ or there are none. */
export const logSumExp: CompositeFunction<[x: Tensor, options?: ReduceOptions]> = unary(
  "reduceLogSumExp",
  (x, { axes, keepDims }) => {
    const { top, sum } = shifted(x, axes);
    const result = sum.log().add(top);
    return keepDims ? result : result.squeeze(axes);
  },
  {
    attributes: strictObject({ axes: array(int()), keepDims: boolean() }),
    settings: (x, { axes, keepDims = false } = {}) => ({
      axes: normalizeAxes("logSumExp", axes, x.rank),
      keepDims,
    }),
    gradient: ({ x, g, attributes: { axes, keepDims } }) => {
      const { exponentials, sum } = shifted(x, axes);
      // Where every element is −∞ so is the result, whatever the finite elements do: nothing to divide.
      const weights = exponentials.div(sum.equal(0).where(1, sum));
      return weights.mul(keepDims ? g : g.reshape(sum.shape));
    },
  },
);
