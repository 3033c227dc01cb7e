export { SHAPES_AT_RUN, UnboundInputError, UnsupportedError } from "./errors.ts";
export { type ImportOptions, fromOnnx } from "./from-onnx.ts";
export { type OnnxSummary, inspectOnnx } from "./inspect.ts";
export type { DimSource, TypeSource, ValueSource } from "./proto/model.ts";
export { type ExternalData, tensorFromOnnx } from "./tensor.ts";
