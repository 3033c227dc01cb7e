import { array, checked, int, minimum, number, strictObject } from "../schema.ts";
import type { CompositeFunction } from "../composite.ts";
import type { Tensor } from "../tensor.ts";
import { normalizeAxes, normalizeAxis } from "../primitive.ts";
import { unary } from "./define.ts";
import { inverseDeviation } from "./inverse-deviation.ts";
import { fromZero, powerNorm } from "./power-norm.ts";
import { variance } from "./reductions.ts";

/*
 * Division by the deviation or by the norm, without a scale or bias.
 */

export interface StandardizeOptions {
  readonly axes?: readonly number[] | number;
  readonly epsilon?: number;
}

/** (x − mean)/√(variance + epsilon) along axes: the part of the normalizations before scale and bias. */
export const standardize: CompositeFunction<[x: Tensor, options?: StandardizeOptions]> = unary(
  "standardize",
  (x, { axes, epsilon }) =>
    x.sub(x.reduceMean({ axes, keepDims: true })).mul(inverseDeviation(x, axes, epsilon)),
  {
    attributes: strictObject({ axes: array(int()), epsilon: checked(number(), minimum(0)) }),
    settings: (x, { axes, epsilon = 1e-5 } = {}) => ({
      axes: normalizeAxes("standardize", axes, x.rank),
      epsilon,
    }),
    // With n the inverse deviation: n·(g − mean(g) − y·mean(g·y)).
    gradient: ({ x, y, g, attributes: { axes, epsilon } }) => {
      const mean = g.reduceMean({ axes, keepDims: true });
      const along = g.mul(y).reduceMean({ axes, keepDims: true });
      return g
        .sub(mean)
        .sub(y.mul(along))
        .mul(inverseDeviation(x, axes, epsilon));
    },
  },
);

/** (x − mean)/(deviation + 1e-9) along axes, by default all but axis 1 of [N, C, H, W]. */
export const meanVarianceNormalization: CompositeFunction<
  [x: Tensor, options?: { readonly axes?: readonly number[] }]
> = unary(
  "meanVarianceNormalization",
  (x, { axes }) => {
    const deviation = fromZero(variance(x, { axes, keepDims: true }), (value) => value.sqrt());
    return x.sub(x.reduceMean({ axes, keepDims: true })).div(deviation.add(1e-9));
  },
  {
    attributes: strictObject({ axes: array(int()) }),
    settings: (x, { axes = [0, 2, 3] } = {}) => ({
      axes: normalizeAxes("meanVarianceNormalization", axes, x.rank),
    }),
  },
);

export interface LpNormalizationOptions {
  readonly axis?: number;
  readonly p?: number;
}

/** x/(Σ |x|^p)^(1/p) along an axis; 0 if all elements are 0. */
export const lpNormalization: CompositeFunction<[x: Tensor, options?: LpNormalizationOptions]> = unary(
  "lpNormalization",
  (x, { axis, p }) => {
    const size = powerNorm(x, p, { axes: [axis], keepDims: true });
    return x.div(size.equal(0).where(1, size));
  },
  {
    attributes: strictObject({ axis: int(), p: checked(number(), minimum(1)) }),
    settings: (x, { axis = -1, p = 2 } = {}) => ({
      axis: normalizeAxis("lpNormalization", axis, x.rank),
      p,
    }),
  },
);
