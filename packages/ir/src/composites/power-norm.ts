import type { Tensor } from "../tensor.ts";

/** The reduced axes, counted from the front, and whether they stay with size 1. */
export interface Reduction {
  axes: readonly number[];
  keepDims: boolean;
}

/** A function of numbers ≥ 0 whose slope at 0 is infinite, with slope 0 there instead. */
export function fromZero(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const isZero = x.equal(0);
  return isZero.where(0, f(isZero.where(1, x)));
}

/** (Σ |x|^p)^(1/p); its derivative is 0 if all elements are 0. */
export function powerNorm(x: Tensor, p: number, { axes, keepDims }: Reduction): Tensor {
  if (p === 1) return x.abs().reduceSum({ axes, keepDims });
  if (p === 2) return fromZero(x.mul(x).reduceSum({ axes, keepDims }), (sum) => sum.sqrt());
  return fromZero(x.abs().pow(p).reduceSum({ axes, keepDims }), (sum) => sum.pow(1 / p));
}
