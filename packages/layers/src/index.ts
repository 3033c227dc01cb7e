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
export { type FromJsonOptions, type LayerJson, type ModelJson, fromJson, toJson } from "./json.ts";
export { cut } from "./cut.ts";
export { type Summary, type SummaryRow, summary } from "./summary.ts";
export { layersOf } from "./names.ts";
export { type ActivationName, activationNames } from "./activation.ts";
export * from "./kinds/index.ts";
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
