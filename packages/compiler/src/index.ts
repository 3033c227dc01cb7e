export type { Access, Affine, Guard, IndexMap } from "./affine.ts";
export { rangeOf } from "./affine.ts";
export type { Backend, CompileOptions, Device, Executable } from "./backend.ts";
export { type StrayAccess, strayAccesses } from "./bounds.ts";
export type { BufferInfo, BufferOwner } from "./buffers.ts";
export { describeKernel } from "./describe.ts";
export { type Compiled, type Explanation, type KernelExplanation, explain } from "./explain.ts";
export type { FusionLimits } from "./fuse.ts";
export { type Feed, type Feeds, Output } from "./feed.ts";
export type * from "./kernel.ts";
export { type KernelBuffers, buffersOf, canFail } from "./kernel-buffers.ts";
export { memoryError } from "./memory-error.ts";
export type { Location } from "./plan.ts";
export { type Port, type Program, compileProgram } from "./program.ts";
export {
  type BufferId,
  type DynamicIndex,
  type Load,
  type ScalarGraph,
  type ScalarNode,
  type ValueId,
  operandsOf,
} from "./scalar.ts";
export { type SessionOptions, compile, sharedRegisters } from "./compile.ts";
export {
  type Engine,
  type Entries,
  type FedShape,
  type Runnable,
  Session,
  type StartOptions,
} from "./session.ts";
