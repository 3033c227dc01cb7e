import type { CompositeTable } from "../composite.ts";
import type { Composite } from "../tensor.ts";
import { smoothActivations } from "./smooth-activations.ts";
import { attentionComposites } from "./attention.ts";
import { batchNormalizationComposites } from "./batch-normalization.ts";
import { einsumComposites } from "./einsum.ts";
import { layoutComposites } from "./layout.ts";
import { lossComposites } from "./losses.ts";
import { lrnComposites } from "./lrn.ts";
import { normalizationComposites } from "./normalization.ts";
import { poolingComposites } from "./pooling.ts";
import { randomComposites } from "./random.ts";
import { piecewiseActivations } from "./piecewise-activations.ts";
import { softmaxComposites } from "./softmax.ts";
import { statisticsComposites } from "./statistics.ts";

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

const families: readonly (readonly Composite[])[] = [
  smoothActivations,
  piecewiseActivations,
  softmaxComposites,
  statisticsComposites,
  batchNormalizationComposites,
  normalizationComposites,
  lrnComposites,
  lossComposites,
  poolingComposites,
  einsumComposites,
  attentionComposites,
  layoutComposites,
  randomComposites,
];

/** Every composite that this package defines, by name: what reading a graph from text or JSON needs. */
export const composites: CompositeTable = new Map(
  families.flat().map((operation) => [operation.name, operation]),
);
