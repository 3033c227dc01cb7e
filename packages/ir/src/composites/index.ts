export {
  type GeluOptions,
  type SeluOptions,
  celu,
  elu,
  gelu,
  mish,
  selu,
  sigmoid,
  silu,
  softplus,
  softsign,
} from "./smooth-activations.ts";
export { type AttentionOptions, attention } from "./attention.ts";
export {
  type BatchNormalized,
  type EpsilonOptions,
  batchNormalization,
  batchNormalizationTraining,
} from "./batch-normalization.ts";
export { einsum } from "./einsum.ts";
export {
  type DepthToSpaceOptions,
  type OneHotOptions,
  type TriluOptions,
  depthToSpace,
  fromEnd,
  oneHot,
  spaceToDepth,
  tril,
  trilu,
  triu,
} from "./layout.ts";
export {
  absoluteError,
  binaryCrossEntropyWithLogits,
  hinge,
  type HuberOptions,
  huber,
  klDivergence,
  negativeLogLikelihood,
  softmaxCrossEntropy,
  softmaxCrossEntropyOneHot,
  squaredError,
} from "./losses.ts";
export { type LrnOptions, lrn } from "./lrn.ts";
export {
  type AxisEpsilonOptions,
  type GroupNormalizationOptions,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  rmsNormalization,
} from "./normalization.ts";
export {
  type AveragePoolOptions,
  type LpPoolOptions,
  type PoolOptions,
  averagePool,
  globalAveragePool,
  globalLpPool,
  globalMaxPool,
  lpPool,
  maxPool,
} from "./pooling.ts";
export {
  type NormalOptions,
  type UniformOptions,
  bernoulli,
  dropout,
  randomKey,
  randomNormal,
  randomUniform,
} from "./random.ts";
export {
  type AlphaOptions,
  type ClipOptions,
  type HardSigmoidOptions,
  type MaxoutOptions,
  type RReluOptions,
  type ShrinkOptions,
  binaryStep,
  clip,
  hardmax,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  maxout,
  prelu,
  relu,
  rrelu,
  shrink,
  thresholdedRelu,
} from "./piecewise-activations.ts";
export { type AxisOptions, logSoftmax, logSumExp, logSumExp as reduceLogSumExp, softmax } from "./softmax.ts";
export {
  type LpNormalizationOptions,
  type StandardizeOptions,
  lpNormalization,
  meanVarianceNormalization,
  norm,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceSumSquare,
  standardize,
  variance,
} from "./statistics.ts";
