import { at } from "../at.ts";
import { array, boolean, int, strictObject } from "../schema.ts";
import type { CompositeFunction } from "../composite.ts";
import type { ReduceOptions, Tensor } from "../tensor.ts";
import { countOf } from "../ops/reduce.ts";
import { normalizeAxes } from "../primitive.ts";
import { type UnaryOptions, unary } from "./define.ts";
import { type Reduction, powerNorm } from "./power-norm.ts";

/** A composite that reduces axes, all by default. */
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

/** Σ |x| along axes; the derivative at 0 is 0. */
export const reduceL1: CompositeFunction<[x: Tensor, options?: ReduceOptions]> = reduction(
  "reduceL1",
  (x, given) => powerNorm(x, 1, given),
);

/** √(Σ x²) along axes; the derivative is 0 if all elements are 0. */
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
    // The part of the gradient through the mean sums to 0.
    gradient: ({ x, g, attributes: { axes, keepDims } }) => {
      const mean = x.reduceMean({ axes, keepDims: true });
      const count = countOf(
        axes.map((axis) => at(x.shape, axis)),
        x,
      );
      const spread = (keepDims ? g : g.reshape(mean.shape)).mul(2).div(count);
      return x.sub(mean).mul(spread);
    },
  },
);
