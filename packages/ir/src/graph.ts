/*
 * The door for compilers and tools: nodes, walks, tables of operations, rewrite rules, passes. What the author of a model
 * writes is in `@adjoint/ir`.
 */

export type {
  AttributesOf,
  Axes,
  ConvAttributes,
  DotAttributes,
  FloatFunction,
  Kind,
  NameOf,
  PrimitiveName,
  PrimitiveSet,
  RegisterAttributes,
  ScatterReduction,
  WindowAttributes,
} from "./primitive-set.ts";
export {
  type Composite,
  Node,
  type Operation,
  type Primitive,
  apply,
  countNodes,
  isNode,
  rebuild,
  registerOf,
} from "./tensor.ts";
export { currentOrigin, withOrigin } from "./origin.ts";
export { freeSources, graphNodes, inlineGraph, mapGraph, nodesOf, rewriter, rootsOf } from "./walk.ts";
export { registerTensors, registersOf } from "./registers.ts";
export { applyComposite } from "./composite.ts";
export { composites } from "./composites/table.ts";
export { primitives } from "./ops/table.ts";
export { freeAxes } from "./ops/contract.ts";
export { uniformConstant } from "./ops/source.ts";
export { evaluateTensors } from "./evaluate.ts";
export { solveSymbols, specialize } from "./symbols.ts";
export * as elementary from "./elementary.ts";
export { operationCosts } from "./primitive-set.ts";
export { type Rule, rewrite, rule } from "./passes/rewrite.ts";
export type { Pass } from "./passes/driver.ts";
export { check } from "./passes/check.ts";
export { inline, inlineWith } from "./passes/inline.ts";
export { fold } from "./passes/fold.ts";
export { simplify } from "./passes/simplify.ts";
export { canonicalize } from "./passes/canonicalize.ts";
export { cse } from "./passes/cse.ts";
export { deadCode } from "./passes/dead-code.ts";
export { sink } from "./passes/sink.ts";
export { optimize, runPasses } from "./passes/pipeline.ts";
