export type {
  CallOptions,
  Layer,
  LayerCall,
  LayerKind,
  NameOption,
  RegisterSpec,
  RegisterSpecs,
} from "./layer.ts";
export type { PerAxis } from "./config.ts";
export type { Padding } from "./padding.ts";
export { makeLayer } from "./make-layer.ts";
export { layerKinds } from "./layer-kinds.ts";
export { type FromJsonOptions, type LayerJson, type ModelJson, fromJson, toJson } from "./json.ts";
export { cut } from "./cut.ts";
export { type Summary, type SummaryRow, summary } from "./summary.ts";
export { layersOf } from "./names.ts";
export { type ActivationName, activationNames } from "./activation.ts";
export {
  type Join,
  type ParallelConfig,
  type ParallelOptions,
  parallel,
  residual,
  sequential,
} from "./kinds/containers.ts";
export { type DenseConfig, type DenseOptions, dense } from "./kinds/dense.ts";
export { type ConvConfig, type ConvOptions, conv1d, conv2d } from "./kinds/conv.ts";
export {
  type AveragePoolConfig,
  type AveragePoolOptions,
  type PoolConfig,
  type PoolOptions,
  averagePool,
  globalAveragePool,
  globalMaxPool,
  maxPool,
} from "./kinds/pooling.ts";
export { type ReshapeConfig, type ReshapeOptions, flatten, reshape } from "./kinds/shape.ts";
export {
  type DropoutConfig,
  type DropoutOptions,
  type GaussianNoiseConfig,
  type GaussianNoiseOptions,
  dropout,
  gaussianNoise,
} from "./kinds/regularization.ts";
export {
  type BatchNormConfig,
  type BatchNormOptions,
  type LayerNormConfig,
  type LayerNormOptions,
  batchNorm,
  layerNorm,
} from "./kinds/normalization.ts";
export { type EmbeddingConfig, type EmbeddingOptions, embedding } from "./kinds/embedding.ts";
export {
  type PreluConfig,
  type PreluOptions,
  type RreluConfig,
  type RreluOptions,
  prelu,
  rrelu,
} from "./kinds/learned-activations.ts";
export * from "./kinds/activations.ts";
export {
  type Fans,
  type GainOptions,
  type Initializer,
  type NormalOptions,
  constant,
  convFans,
  denseFans,
  heNormal,
  heUniform,
  initialFor,
  normal,
  ones,
  orthogonal,
  uniform,
  xavierNormal,
  xavierUniform,
  zeros,
} from "./initializers.ts";
export {
  type HuberOptions,
  type LossOptions,
  type Reduction,
  binaryCrossEntropy,
  crossEntropy,
  halfSumOfSquares,
  hinge,
  huber,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
} from "./losses.ts";
export { l1, l2, regularized, weightsOf } from "./penalties.ts";
export { accuracy, binaryAccuracy, correctCount } from "./metrics.ts";
