import type { LayerKind } from "../layer.ts";
import { activationKinds } from "./activations.ts";
import { parallelKind, residualKind, sequentialKind } from "./containers.ts";
import { conv1dKind, conv2dKind } from "./conv.ts";
import { denseKind } from "./dense.ts";
import { embeddingKind } from "./embedding.ts";
import { preluKind, rreluKind } from "./learned-activations.ts";
import { batchNormKind, layerNormKind } from "./normalization.ts";
import { averagePoolKind, globalAveragePoolKind, globalMaxPoolKind, maxPoolKind } from "./pooling.ts";
import { dropoutKind, gaussianNoiseKind } from "./regularization.ts";
import { flattenKind, reshapeKind } from "./shape.ts";

export {
  type Join,
  type ParallelConfig,
  type ParallelOptions,
  parallel,
  residual,
  sequential,
} from "./containers.ts";
export { type DenseConfig, type DenseOptions, dense } from "./dense.ts";
export { type ConvConfig, type ConvOptions, conv1d, conv2d } from "./conv.ts";
export {
  type AveragePoolConfig,
  type AveragePoolOptions,
  type PoolConfig,
  type PoolOptions,
  averagePool,
  globalAveragePool,
  globalMaxPool,
  maxPool,
} from "./pooling.ts";
export { type ReshapeConfig, type ReshapeOptions, flatten, reshape } from "./shape.ts";
export {
  type DropoutConfig,
  type DropoutOptions,
  type GaussianNoiseConfig,
  type GaussianNoiseOptions,
  dropout,
  gaussianNoise,
} from "./regularization.ts";
export {
  type BatchNormConfig,
  type BatchNormOptions,
  type LayerNormConfig,
  type LayerNormOptions,
  batchNorm,
  layerNorm,
} from "./normalization.ts";
export { type EmbeddingConfig, type EmbeddingOptions, embedding } from "./embedding.ts";
export {
  type PreluConfig,
  type PreluOptions,
  type RreluConfig,
  type RreluOptions,
  prelu,
  rrelu,
} from "./learned-activations.ts";
export * from "./activations.ts";

const rows: readonly LayerKind[] = [
  sequentialKind,
  residualKind,
  parallelKind,
  denseKind,
  conv1dKind,
  conv2dKind,
  maxPoolKind,
  averagePoolKind,
  globalAveragePoolKind,
  globalMaxPoolKind,
  flattenKind,
  reshapeKind,
  dropoutKind,
  gaussianNoiseKind,
  batchNormKind,
  layerNormKind,
  embeddingKind,
  preluKind,
  rreluKind,
  ...activationKinds,
];

/** Every kind of layer by name: what JSON can hold. A new kind has a row and an export above. */
export const layerKinds: ReadonlyMap<string, LayerKind> = new Map(rows.map((row) => [row.kind, row]));
