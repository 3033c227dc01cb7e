/*
 * Tensors as data, without operations: for programs that run compiled graphs and declare none.
 */

export { AdjointError, type ErrorCode, LimitError } from "./error.ts";
export {
  type DType,
  type DataOf,
  type TypedArray,
  dtypeInfo,
  dtypeRange,
  dtypes,
  isDType,
  isFloat,
  isInteger,
} from "./dtype.ts";
export { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16, roundTiesToEven } from "./float16.ts";
export {
  type Bindings,
  type Dim,
  type SymbolicDim,
  addDims,
  bindDim,
  dim,
  dimSymbols,
  divDims,
  equalDims,
  mulDims,
  parseDim,
  subDims,
} from "./dim.ts";
export {
  type Shape,
  type TensorType,
  elementCount,
  equalShapes,
  equalTypes,
  isStatic,
  rowMajorStrides,
  shapeSize,
  shapeText,
  typeText,
} from "./shape.ts";
export {
  type Scalar,
  type TensorValue,
  castScalar,
  copyInto,
  elementReader,
  elementWriter,
  tensorValue,
  toNumbers,
  valueOf,
  zeroValue,
} from "./value.ts";
export { MissingElement, at } from "./at.ts";
export { type Initial, initialSchema, initialValue } from "./initial.ts";
export { own } from "./record.ts";
export { threefry2x32 } from "./threefry.ts";
