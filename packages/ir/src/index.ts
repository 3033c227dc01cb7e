/*
 * The door for users: all that the author of a model writes. What compilers, tools and tests need of graphs beside it is in
 * `@adjoint/ir/graph`; tensors as data, without operations, are in `@adjoint/ir/values`.
 */
import "./chain.ts";

export { AdjointError, type ErrorCode, LimitError } from "./error.ts";
export { type DType, type TypedArray, isFloat, isInteger } from "./dtype.ts";
export {
  type Bindings,
  type Dim,
  type SymbolicDim,
  addDims,
  dim,
  divDims,
  equalDims,
  mulDims,
  subDims,
} from "./dim.ts";
export type { Shape, TensorType } from "./shape.ts";
export { type Scalar, type TensorValue, tensorValue, toNumbers, valueOf } from "./value.ts";
export type { Initial } from "./initial.ts";
export {
  type ConvOptions,
  type Cotangent,
  type Graph,
  type Operand,
  type PadOptions,
  type ReduceOptions,
  type SliceRange,
  Tensor,
  type Update,
  type WindowOptions,
} from "./tensor.ts";
export { withScope } from "./origin.ts";
export { type ProgramParts, program } from "./program.ts";
export { gradients, jvp, vjp } from "./gradient.ts";
export { type EvaluateOptions, type Evaluation, type State, evaluate } from "./evaluate.ts";
export { type CompositeFunction, composite } from "./composite.ts";

// Functions of elements: all that their files export, so that a new one needs no row here.
export * from "./ops/arithmetic.ts";
export * from "./ops/bitwise.ts";
export * from "./ops/logic.ts";
export * from "./ops/transcendental.ts";
export { constant, filled, input, iota, randomBits, register } from "./ops/source.ts";
export { broadcast } from "./ops/broadcast.ts";
export { commit } from "./ops/commit.ts";
export { concat, stack } from "./ops/concat.ts";
export { dotGeneral, matMul } from "./ops/contract.ts";
export { conv, convTranspose, convWeight } from "./ops/conv.ts";
export { bitcast, cast, stopGradient } from "./ops/convert.ts";
export { cumProd, cumSum } from "./ops/cumulative.ts";
export { flip } from "./ops/flip.ts";
export { cond } from "./ops/if.ts";
export { gather, gatherElements, scatter, scatterElements, take } from "./ops/indexing.ts";
export { sort, topK } from "./ops/order.ts";
export { pad } from "./ops/pad.ts";
export { argMax, argMin, reduceMax, reduceMean, reduceMin, reduceProd, reduceSum } from "./ops/reduce.ts";
export { reshape, squeeze, unsqueeze } from "./ops/reshape.ts";
export { scan } from "./ops/scan.ts";
export { slice } from "./ops/slice.ts";
export { transpose } from "./ops/transpose.ts";
export { widely, widened, workingType } from "./ops/widely.ts";
export { window, windowSum } from "./ops/window.ts";
export * from "./composites/index.ts";

export { type GraphJson, type Json, type ReadOptions, deserialize, serialize } from "./text/serialize.ts";
export { parse } from "./text/parse.ts";
export { type PrintOptions, print } from "./text/print.ts";
