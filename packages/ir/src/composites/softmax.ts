import { array, boolean, int, strictObject } from "../schema.ts";
import type { CompositeFunction } from "../composite.ts";
import type { ReduceOptions, Tensor } from "../tensor.ts";
import { iota } from "../ops/source.ts";
import { normalizeAxes, normalizeAxis } from "../primitive.ts";
import { unary } from "./define.ts";
import { shifted } from "./shifted.ts";

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

/** 1 at the first largest element along an axis, else 0. Its derivative is 0. */
export const hardmax: CompositeFunction<[x: Tensor, options?: { readonly axis?: number }]> = unary(
  "hardmax",
  (x, { axis }) => {
    const at = normalizeAxis("hardmax", axis, x.rank);
    const first = x.argMax({ axis: at, keepDims: true }).broadcast(x.shape);
    return iota("i32", x.shape, at).equal(first).cast(x.dtype);
  },
  {
    exact: true,
    attributes: strictObject({ axis: int() }),
    settings: (x, { axis = -1 } = {}) => ({ axis: normalizeAxis("hardmax", axis, x.rank) }),
    gradient: () => undefined,
  },
);

/** log Σ e^x along axes (all by default), without overflow; −∞ if all elements are −∞ or there are none. */
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
      // If every element is −∞, so is the result, and there is nothing to divide.
      const weights = exponentials.div(sum.equal(0).where(1, sum));
      return weights.mul(keepDims ? g : g.reshape(sum.shape));
    },
  },
);
