import "./chain.ts";

export { AdjointError, type ErrorCode } from "./error.ts";
export { type DType, type TypedArray, dtypeInfo, dtypeRange, dtypes, isFloat, isInteger } from "./dtype.ts";
export { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16, roundTiesToEven } from "./float16.ts";
export {
  type Bindings,
  type Dim,
  SymbolicDim,
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
  elementReader,
  elementWriter,
  tensorValue,
  toNumbers,
  valueOf,
  zeroValue,
} from "./value.ts";
export { type Initial, initialValue, normalQuantile } from "./initial.ts";
export { hashName, threefry2x32 } from "./threefry.ts";
export * as elementary from "./elementary.ts";
export { erf as erfOf } from "./special.ts";
export type * from "./primitive-set.ts";
export {
  type Composite,
  type ConvOptions,
  type Cotangent,
  type Graph,
  Node,
  type Operand,
  type Operation,
  type PadOptions,
  type Primitive,
  type ReduceOptions,
  type SliceRange,
  Tensor,
  type Update,
  type WindowOptions,
  apply,
  isNode,
  rebuild,
  registerOf,
} from "./tensor.ts";
export { Origin, withScope } from "./origin.ts";
export {
  type ProgramParts,
  freeSources,
  graphNodes,
  inlineGraph,
  mapGraph,
  nodesOf,
  program,
  registersOf,
  rewriter,
  rootsOf,
} from "./graph.ts";
export {
  type CompositeDefinition,
  type CompositeFunction,
  type CompositeTable,
  applyComposite,
  composite,
  defineComposite,
} from "./composite.ts";
export {
  type Evaluation,
  type EvaluateOptions,
  type State,
  evaluate,
  evaluateTensors,
  solveSymbols,
  specialize,
} from "./evaluate.ts";
export { gradients, jvp, vjp } from "./gradient.ts";
export { primitives } from "./ops/table.ts";
export * from "./ops/arithmetic.ts";
export * from "./ops/bitwise.ts";
export { broadcast } from "./ops/broadcast.ts";
export { dotGeneral, freeAxes, matMul } from "./ops/contract.ts";
export { cond, commit, scan } from "./ops/control.ts";
export { conv, convTranspose, convWeight } from "./ops/conv.ts";
export { bitcast, cast, stopGradient } from "./ops/convert.ts";
export { cumProd, cumSum } from "./ops/cumulative.ts";
export { gather, gatherElements, scatter, scatterElements, take } from "./ops/indexing.ts";
export * from "./ops/logic.ts";
export { sort, topK } from "./ops/order.ts";
export { argMax, argMin, reduceMax, reduceMean, reduceMin, reduceProd, reduceSum } from "./ops/reduce.ts";
export { constant, filled, input, iota, randomBits, register, uniformConstant } from "./ops/source.ts";
export * from "./ops/transcendental.ts";
export { concat, flip, pad, reshape, slice, squeeze, stack, transpose, unsqueeze } from "./ops/view.ts";
export { window, windowSum } from "./ops/window.ts";
export { type GraphJson, type Json, type ReadOptions, deserialize, serialize } from "./serialize.ts";
export { parse } from "./parse.ts";
export { type PrintOptions, print } from "./print.ts";
export * from "./composites/index.ts";
export * from "./passes/index.ts";
