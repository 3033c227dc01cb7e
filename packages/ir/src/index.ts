import "./chain.ts";

export * from "./values.ts";
export * as elementary from "./elementary.ts";
export type * from "./primitive-set.ts";
export { operationCosts } from "./primitive-set.ts";
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
  countNodes,
  isNode,
  rebuild,
  registerOf,
} from "./tensor.ts";
export { Origin, currentOrigin, withOrigin, withScope } from "./origin.ts";
export {
  type ProgramParts,
  freeSources,
  graphNodes,
  inlineGraph,
  mapGraph,
  nodesOf,
  program,
  registerTensors,
  registersOf,
  rewriter,
  rootsOf,
} from "./walk.ts";
export {
  type CompositeDefinition,
  type CompositeFunction,
  type CompositeInputs,
  type CompositeNode,
  type CompositeTable,
  applyComposite,
  composite,
  defineComposite,
} from "./composite.ts";
export { type Evaluation, type EvaluateOptions, type State, evaluate, evaluateTensors } from "./evaluate.ts";
export { solveSymbols, specialize } from "./symbols.ts";
export { gradients, jvp, vjp } from "./gradient.ts";
export { primitives } from "./ops/table.ts";
export * from "./ops/arithmetic.ts";
export * from "./ops/bitwise.ts";
export { broadcast } from "./ops/broadcast.ts";
export { commit } from "./ops/commit.ts";
export { concat, stack } from "./ops/concat.ts";
export { dotGeneral, freeAxes, matMul } from "./ops/contract.ts";
export { conv, convTranspose, convWeight } from "./ops/conv.ts";
export { bitcast, cast, stopGradient } from "./ops/convert.ts";
export { cumProd, cumSum } from "./ops/cumulative.ts";
export { flip } from "./ops/flip.ts";
export { cond } from "./ops/if.ts";
export { gather, gatherElements, scatter, scatterElements, take } from "./ops/indexing.ts";
export * from "./ops/logic.ts";
export { sort, topK } from "./ops/order.ts";
export { pad } from "./ops/pad.ts";
export { argMax, argMin, reduceMax, reduceMean, reduceMin, reduceProd, reduceSum } from "./ops/reduce.ts";
export { reshape, squeeze, unsqueeze } from "./ops/reshape.ts";
export { scan } from "./ops/scan.ts";
export { slice } from "./ops/slice.ts";
export { constant, filled, input, iota, randomBits, register, uniformConstant } from "./ops/source.ts";
export * from "./ops/transcendental.ts";
export { transpose } from "./ops/transpose.ts";
export { widely, widened, workingType } from "./ops/widely.ts";
export { window, windowSum } from "./ops/window.ts";
export { type GraphJson, type Json, type ReadOptions, deserialize, serialize } from "./text/serialize.ts";
export { parse } from "./text/parse.ts";
export { type PrintOptions, print } from "./text/print.ts";
export * from "./composites/index.ts";
export { composites } from "./composites/table.ts";
export * from "./passes/index.ts";
