import { dropout as dropoutOf, randomNormal } from "@adjoint/ir";
import { fraction, nonNegative, strictObject } from "@adjoint/ir/schema";
import type { Layer, LayerKind, NameOption } from "../layer.ts";
import { makeLayer } from "../make-layer.ts";

/** All settings of `dropout`. */
export interface DropoutConfig {
  readonly rate: number;
}

/** Settings of `dropout`. */
export interface DropoutOptions extends NameOption {
  /** The probability that an element becomes 0: from 0 to below 1. */
  readonly rate: number;
}

/** Kind of `dropout`. */
export const dropoutKind: LayerKind<DropoutConfig> = {
  kind: "dropout",
  schema: strictObject({ rate: fraction }),
  build: (x, { config: { rate }, training, key }) =>
    training && rate > 0 ? dropoutOf(x, key(), { rate }) : x,
};

/**
 * In training, each element is 0 with probability `rate` and the others grow by 1 / (1 − rate); in inference nothing
 * changes. The mask depends on the session's seed, the run and the layer's name alone: called twice in one run on inputs
 * of one shape, a dropout layer drops the same elements. Source: Srivastava et al., "Dropout" (2014).
 */
export const dropout = (options: DropoutOptions): Layer<DropoutConfig> => makeLayer(dropoutKind, options);

/** All settings of `gaussianNoise`. */
export interface GaussianNoiseConfig {
  readonly standardDeviation: number;
}

/** Settings of `gaussianNoise`. */
export interface GaussianNoiseOptions extends NameOption {
  /** ≥ 0. */
  readonly standardDeviation: number;
}

/** Kind of `gaussianNoise`. */
export const gaussianNoiseKind: LayerKind<GaussianNoiseConfig> = {
  kind: "gaussianNoise",
  schema: strictObject({
    standardDeviation: nonNegative,
  }),
  build: (x, { config: { standardDeviation }, training, key }) =>
    training && standardDeviation > 0
      ? x.add(randomNormal(key(), x.shape, { standardDeviation, dtype: x.dtype }))
      : x,
};

/** In training, adds N(0, standardDeviation²) to each element; in inference nothing changes. */
export const gaussianNoise = (options: GaussianNoiseOptions): Layer<GaussianNoiseConfig> =>
  makeLayer(gaussianNoiseKind, options);
