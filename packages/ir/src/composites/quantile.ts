import { CENTRE, FAR, MIDDLE } from "../initial.ts";
import type { Tensor } from "../tensor.ts";

type Ratio = readonly [readonly number[], readonly number[]];

const polynomial = (coefficients: readonly number[], x: Tensor): Tensor => {
  const [last = 0, ...rest] = coefficients.toReversed();
  const [next = 0, ...lower] = rest;
  return lower.reduce((sum, coefficient) => sum.mul(x).add(coefficient), x.mul(last).add(next));
};

const ratio = ([above, below]: Ratio, x: Tensor): Tensor => polynomial(above, x).div(polynomial(below, x));

/**
 * The standard normal's quantile at q + 1/2, as a graph: relative error about 1e-15 in f64 and 5e-7 in f32 and narrower.
 * Taking the distance from one half keeps both tails exact. Source: Wichura, algorithm AS 241 (PPND16), Appl. Statist.
 * 37 (1988), as `normalQuantile`.
 * @param q in (−1/2, 1/2).
 * @param deepest the smallest distance of q from ±1/2: the branch for probabilities below 1.4e-11 is left out if
 * none is reached.
 */
export function centredNormalQuantile(q: Tensor, deepest: number): Tensor {
  const size = q.abs();
  const centre = q.mul(ratio(CENTRE, q.mul(q).neg().add(0.180625)));
  const tail = size.neg().add(0.5).log().neg().sqrt();
  const middle = ratio(MIDDLE, tail.sub(1.6));
  const outer =
    Math.sqrt(-Math.log(deepest)) > 5 ? tail.lessOrEqual(5).where(middle, ratio(FAR, tail.sub(5))) : middle;
  return size.lessOrEqual(0.425).where(centre, q.less(0).where(outer.neg(), outer));
}
