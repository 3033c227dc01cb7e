export type { Access, Affine, Guard, IndexMap } from "./kernel/affine.ts";
export { rangeOf } from "./kernel/affine.ts";
export type { Backend, CompileOptions, Device, Executable } from "./kernel/backend.ts";
export { type StrayAccess, strayAccesses } from "./kernel/bounds.ts";
export type { BufferInfo, BufferOwner } from "./kernel/buffers.ts";
export { describeKernel } from "./kernel/describe.ts";
export { type Compiled, type Explanation, type KernelExplanation, explain } from "./session/explain.ts";
export type { FusionLimits } from "./fusion/fuse.ts";
export { type Feed, type Feeds, Output } from "./session/feed.ts";
export type * from "./kernel/kernel.ts";
export { type KernelBuffers, buffersOf, canFail } from "./kernel/kernel-buffers.ts";
export { memoryError } from "./kernel/memory-error.ts";
export type { Location } from "./memory/plan.ts";
export { type Port, type Program, compileProgram } from "./compile-program.ts";
export {
  type BufferId,
  type DynamicIndex,
  type Load,
  type ScalarGraph,
  type ScalarNode,
  type ValueId,
  operandsOf,
} from "./kernel/scalar.ts";
export { type SessionOptions, compile, sharedRegisters } from "./session/compile.ts";
export {
  type Engine,
  type Entries,
  type FedShape,
  type Runnable,
  Session,
  type StartOptions,
} from "./session/session.ts";
