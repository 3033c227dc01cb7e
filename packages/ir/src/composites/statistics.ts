import { array, boolean, checked, int, minimum, number, strictObject } from "../schema.ts";
import type { Composite, ReduceOptions, Tensor } from "../tensor.ts";
import { div } from "../ops/arithmetic.ts";
import { countOf } from "../ops/reduce.ts";
import { normalizeAxes, normalizeAxis } from "../primitive.ts";
import { type UnaryOptions, defineUnary, outputOf } from "./define.ts";

interface Reduction {
  axes: readonly number[];
  keepDims: boolean;
}
interface Standardize {
  axes: readonly number[];
  epsilon: number;
}
interface Lp {
  axis: number;
  p: number;
}

const reduction = {
  attributes: strictObject({ axes: array(int()), keepDims: boolean() }),
} satisfies UnaryOptions<Reduction>;

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

const reduceL1Operation = defineUnary<Reduction>("reduceL1", (x, given) => powerNorm(x, 1, given), reduction);

const reduceL2Operation = defineUnary<Reduction>("reduceL2", (x, given) => powerNorm(x, 2, given), reduction);

const reduceSumSquareOperation = defineUnary<Reduction>(
  "reduceSumSquare",
  (x, given) => x.mul(x).reduceSum(given),
  reduction,
);

const reduceLogSumOperation = defineUnary<Reduction>(
  "reduceLogSum",
  (x, given) => x.reduceSum(given).log(),
  reduction,
);

const varianceOperation = defineUnary<Reduction>(
  "variance",
  (x, { axes, keepDims }) => {
    const distance = x.sub(x.reduceMean({ axes, keepDims: true }));
    return distance.mul(distance).reduceMean({ axes, keepDims });
  },
  {
    ...reduction,
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

const standardizeOperation = defineUnary<Standardize>(
  "standardize",
  (x, { axes, epsilon }) =>
    x.sub(x.reduceMean({ axes, keepDims: true })).mul(inverseDeviation(x, axes, epsilon)),
  {
    attributes: strictObject({ axes: array(int()), epsilon: checked(number(), minimum(0)) }),
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

const meanVarianceNormalizationOperation = defineUnary<{ axes: readonly number[] }>(
  "meanVarianceNormalization",
  (x, { axes }) => {
    const deviation = fromZero(variance(x, { axes, keepDims: true }), (value) => value.sqrt());
    return x.sub(x.reduceMean({ axes, keepDims: true })).div(deviation.add(1e-9));
  },
  { attributes: strictObject({ axes: array(int()) }) },
);

const lpNormalizationOperation = defineUnary<Lp>(
  "lpNormalization",
  (x, { axis, p }) => {
    const norm = powerNorm(x, p, { axes: [axis], keepDims: true });
    return x.div(norm.equal(0).where(1, norm));
  },
  { attributes: strictObject({ axis: int(), p: checked(number(), minimum(1)) }) },
);

/** 1/√(variance + epsilon), with the reduced axes at size 1. */
export const inverseDeviation = (x: Tensor, axes: readonly number[], epsilon: number): Tensor =>
  div(1, variance(x, { axes, keepDims: true }).add(epsilon).sqrt());

/** Norms, moments, and what is divided by them. */
export const statisticsComposites: readonly Composite[] = [
  reduceL1Operation,
  reduceL2Operation,
  reduceSumSquareOperation,
  reduceLogSumOperation,
  varianceOperation,
  standardizeOperation,
  meanVarianceNormalizationOperation,
  lpNormalizationOperation,
];

const reductionOf = (name: string, x: Tensor, { axes, keepDims = false }: ReduceOptions): Reduction => ({
  axes: normalizeAxes(name, axes, x.rank),
  keepDims,
});

/** Σ |x| along axes; the derivative at 0 is 0. */
export const reduceL1 = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  outputOf(reduceL1Operation, [x], reductionOf("reduceL1", x, options));

/** √(Σ x²) along axes; the derivative where all elements are 0 is 0. */
export const reduceL2 = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  outputOf(reduceL2Operation, [x], reductionOf("reduceL2", x, options));

/** The Euclidean norm along axes: `reduceL2`. */
export const norm = (x: Tensor, options: ReduceOptions = {}): Tensor => reduceL2(x, options);

/** Σ x² along axes. */
export const reduceSumSquare = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  outputOf(reduceSumSquareOperation, [x], reductionOf("reduceSumSquare", x, options));

/** log Σ x along axes. */
export const reduceLogSum = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  outputOf(reduceLogSumOperation, [x], reductionOf("reduceLogSum", x, options));

/** The mean of (x − mean)² along axes (divided by the count, not one less), in two passes over x. */
export const variance = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  outputOf(varianceOperation, [x], reductionOf("variance", x, options));

/** Options of `standardize`. */
export interface StandardizeOptions {
  readonly axes?: readonly number[] | number;
  readonly epsilon?: number;
}

/** (x − mean)/√(variance + epsilon) along axes: what the normalizations scale and shift. */
export const standardize = (x: Tensor, { axes, epsilon = 1e-5 }: StandardizeOptions = {}): Tensor =>
  outputOf(standardizeOperation, [x], { axes: normalizeAxes("standardize", axes, x.rank), epsilon });

/** Options of `lpNormalization`. */
export interface LpNormalizationOptions {
  readonly axis?: number;
  readonly p?: number;
}

/** x/(Σ |x|^p)^(1/p) along an axis; 0 where all elements are 0. */
export const lpNormalization = (x: Tensor, { axis = -1, p = 2 }: LpNormalizationOptions = {}): Tensor =>
  outputOf(lpNormalizationOperation, [x], { axis: normalizeAxis("lpNormalization", axis, x.rank), p });

/** (x − mean)/(deviation + 1e-9) along axes, by default all but axis 1 of [N, C, H, W]. */
export const meanVarianceNormalization = (
  x: Tensor,
  { axes = [0, 2, 3] }: { readonly axes?: readonly number[] } = {},
): Tensor =>
  outputOf(meanVarianceNormalizationOperation, [x], {
    axes: normalizeAxes("meanVarianceNormalization", axes, x.rank),
  });
