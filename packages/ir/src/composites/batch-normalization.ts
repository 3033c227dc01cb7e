import { at } from "../at.ts";
import { type CompositeFunction, defineComposite } from "../composite.ts";
import type { Tensor } from "../tensor.ts";
import { countOf } from "../ops/reduce.ts";
import { operand } from "../primitive.ts";
import { checkChannels, epsilonSchema, perChannel, scaleAndBias } from "./channels.ts";
import { inverseDeviation } from "./inverse-deviation.ts";
import { variance } from "./reductions.ts";
import { standardize } from "./standardize.ts";

/** All axes but the channels'. */
const besidesChannels = (x: Tensor): number[] => [...x.shape.keys()].filter((axis) => axis !== 1);

/** Options of a normalization. */
export interface EpsilonOptions {
  /** Added to the variance. */
  readonly epsilon?: number;
}

/**
 * (x − mean)/√(variance + epsilon)·scale + bias per channel (axis 1), with given statistics, as batch normalization
 * does in prediction. Source: Ioffe, Szegedy (2015), arXiv:1502.03167.
 * @param x [N, C, …]; all others are [C].
 */
export const batchNormalization: CompositeFunction<
  [x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, options?: EpsilonOptions]
> = defineComposite({
  name: "batchNormalization",
  arity: 5,
  attributes: epsilonSchema,
  call: (x, scale, bias, mean, varianceOf, { epsilon = 1e-5 } = {}) => [
    [x, scale, bias, mean, varianceOf],
    { epsilon },
  ],
  check: (inputs) => checkChannels("batchNormalization", inputs, [...scaleAndBias, "mean", "variance"]),
  build: ([x, scale, bias, mean, varianceOf], { epsilon }) => {
    const factor = scale.div(varianceOf.add(epsilon).sqrt());
    return x.sub(perChannel(mean, x)).mul(perChannel(factor, x)).add(perChannel(bias, x));
  },
});

/** Results of `batchNormalizationTraining`. */
export interface BatchNormalized {
  readonly y: Tensor;
  /** [C]. */
  readonly mean: Tensor;
  /** [C], divided by the count, not one less. */
  readonly variance: Tensor;
}

/** As `batchNormalization`, with the batch's own mean and variance per channel, which it returns too. */
export const batchNormalizationTraining: CompositeFunction<
  [x: Tensor, scale: Tensor, bias: Tensor, options?: EpsilonOptions],
  BatchNormalized
> = defineComposite({
  name: "batchNormalizationTraining",
  arity: 3,
  attributes: epsilonSchema,
  call: (x, scale, bias, { epsilon = 1e-5 } = {}) => [[x, scale, bias], { epsilon }],
  result: (outputs) => ({
    y: operand(outputs, 0),
    mean: operand(outputs, 1),
    variance: operand(outputs, 2),
  }),
  check: (inputs) => checkChannels("batchNormalizationTraining", inputs, scaleAndBias),
  build: ([x, scale, bias], { epsilon }) => {
    const axes = besidesChannels(x);
    const y = standardize(x, { axes, epsilon }).mul(perChannel(scale, x)).add(perChannel(bias, x));
    return [y, x.reduceMean({ axes }), variance(x, { axes })];
  },
  // It needs no more than the sums that bias and scale get: with n = 1/√(variance + epsilon) and the standardized ŷ it is
  // scale·n·(g − Σg/count − ŷ·Σ(g·ŷ)/count).
  gradient: ({ inputs: [x, scale], attributes: { epsilon } }, [g, byMean, byVariance]) => {
    const axes = besidesChannels(x);
    const count = countOf(
      axes.map((axis) => at(x.shape, axis)),
      x,
    );
    const parts: Tensor[] = [];
    const sums: Tensor[] = [];
    if (g !== undefined) {
      const standard = standardize(x, { axes, epsilon });
      const [byScale, byBias] = [g.mul(standard).reduceSum({ axes }), g.reduceSum({ axes })];
      const along = standard.mul(perChannel(byScale.div(count), x));
      const factor = inverseDeviation(x, axes, epsilon).mul(perChannel(scale, x));
      parts.push(
        g
          .sub(perChannel(byBias.div(count), x))
          .sub(along)
          .mul(factor),
      );
      sums.push(byScale, byBias);
    }
    if (byMean !== undefined) parts.push(perChannel(byMean.div(count), x).broadcast(x.shape));
    if (byVariance !== undefined) {
      const distance = x.sub(x.reduceMean({ axes, keepDims: true }));
      parts.push(distance.mul(perChannel(byVariance.mul(2).div(count), x)));
    }
    const [first, ...rest] = parts;
    return [first && rest.reduce((sum, part) => sum.add(part), first), ...sums];
  },
});
