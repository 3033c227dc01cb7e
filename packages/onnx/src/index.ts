export { SHAPES_AT_RUN, UnboundInputError, UnsupportedError } from "./errors.ts";
export { type ImportOptions, fromOnnx } from "./from-onnx.ts";
export type { ImportLimits } from "./import/budget.ts";
export { type OnnxSummary, inspectOnnx } from "./inspect.ts";
export type { HostTensor, HostValue } from "./import/value.ts";
export { valueFromOnnx } from "./proto/host.ts";
export type { DimSource, TypeSource, ValueSource } from "./proto/model.ts";
export { type ExternalData, tensorFromOnnx } from "./tensor.ts";
export { type ExportOptions, toOnnx } from "./to-onnx.ts";
export {
  type OnnxTrainingLoop,
  REGISTERS_KEY,
  type RegisterPair,
  type RunSession,
  onnxTrainingLoop,
  registerPairs,
} from "./training-loop.ts";
