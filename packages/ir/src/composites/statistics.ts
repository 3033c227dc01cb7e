import { array, boolean, checked, int, minimum, number, strictObject } from "../schema.ts";
import type { CompositeFunction } from "../composite.ts";
import type { ReduceOptions, Tensor } from "../tensor.ts";
import { div } from "../ops/arithmetic.ts";
import { countOf } from "../ops/reduce.ts";
import { normalizeAxes, normalizeAxis } from "../primitive.ts";
import { type UnaryOptions, unary } from "./define.ts";

/*
 * Norms, moments, and what is divided by them.
 */

interface Reduction {
  axes: readonly number[];
  keepDims: boolean;
}

/** A composite that reduces axes, by default all. */
// @__NO_SIDE_EFFECTS__
function reduction(
  name: string,
  build: (x: Tensor, attributes: Reduction) => Tensor,
  options: Pick<UnaryOptions<Reduction>, "gradient"> = {},
): CompositeFunction<[x: Tensor, options?: ReduceOptions]> {
  return unary(name, build, {
    attributes: strictObject({ axes: array(int()), keepDims: boolean() }),
    settings: (x, { axes, keepDims = false }: ReduceOptions = {}) => ({
      axes: normalizeAxes(name, axes, x.rank),
      keepDims,
    }),
    ...options,
  });
}

/** A function of 0 or more whose slope at 0 is infinite, with slope 0 there instead. */
function fromZero(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const isZero = x.equal(0);
  return isZero.where(0, f(isZero.where(1, x)));
}

/** (Σ |x|^p)^(1/p); its derivative where all elements are 0 is 0. */
export function powerNorm(x: Tensor, p: number, { axes, keepDims }: Reduction): Tensor {
  if (p === 1) return x.abs().reduceSum({ axes, keepDims });
  if (p === 2) return fromZero(x.mul(x).reduceSum({ axes, keepDims }), (sum) => sum.sqrt());
  return fromZero(x.abs().pow(p).reduceSum({ axes, keepDims }), (sum) => sum.pow(1 / p));
}

/** Σ |x| along axes; the derivative at 0 is 0. */
export const reduceL1: CompositeFunction<[x: Tensor, options?: ReduceOptions]> = reduction(
  "reduceL1",
  (x, given) => powerNorm(x, 1, given),
);

/** √(Σ x²) along axes; the derivative where all elements are 0 is 0. */
export const reduceL2: CompositeFunction<[x: Tensor, options?: ReduceOptions]> = reduction(
  "reduceL2",
  (x, given) => powerNorm(x, 2, given),
);

/** The Euclidean norm along axes: `reduceL2`. */
export const norm = (x: Tensor, options: ReduceOptions = {}): Tensor => reduceL2(x, options);

/** Σ x² along axes. */
export const reduceSumSquare: CompositeFunction<[x: Tensor, options?: ReduceOptions]> = reduction(
  "reduceSumSquare",
  (x, given) => x.mul(x).reduceSum(given),
);

/** log Σ x along axes. */
export const reduceLogSum: CompositeFunction<[x: Tensor, options?: ReduceOptions]> = reduction(
  "reduceLogSum",
  (x, given) => x.reduceSum(given).log(),
);

/** The mean of (x − mean)² along axes (divided by the count, not one less), in two passes over x. */
export const variance: CompositeFunction<[x: Tensor, options?: ReduceOptions]> = reduction(
  "variance",
  (x, { axes, keepDims }) => {
    const distance = x.sub(x.reduceMean({ axes, keepDims: true }));
    return distance.mul(distance).reduceMean({ axes, keepDims });
  },
  {
    // What flows through the mean sums to 0.
    gradient: ({ x, g, attributes: { axes, keepDims } }) => {
      const mean = x.reduceMean({ axes, keepDims: true });
      const count = countOf(
        axes.map((axis) => x.shape[axis] ?? 1),
        x,
      );
      const spread = (keepDims ? g : g.reshape(mean.shape)).mul(2).div(count);
      return x.sub(mean).mul(spread);
    },
  },
);

/** 1/√(variance + epsilon), with the reduced axes at size 1. */
export const inverseDeviation = (x: Tensor, axes: readonly number[], epsilon: number): Tensor =>
  div(1, variance(x, { axes, keepDims: true }).add(epsilon).sqrt());

/** Options of `standardize`. */
export interface StandardizeOptions {
  readonly axes?: readonly number[] | number;
  readonly epsilon?: number;
}

/** (x − mean)/√(variance + epsilon) along axes: what the normalizations scale and shift. */
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

/** Options of `lpNormalization`. */
export interface LpNormalizationOptions {
  readonly axis?: number;
  readonly p?: number;
}

/** x/(Σ |x|^p)^(1/p) along an axis; 0 where all elements are 0. */
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
