export type { Access, Affine, Guard, IndexMap } from "./affine.ts";
export { rangeOf } from "./affine.ts";
export type { Backend, CompileOptions, Device, Executable, FusionLimits } from "./backend.ts";
export { type StrayAccess, strayAccesses } from "./bounds.ts";
export type { BufferInfo, BufferOwner } from "./buffers.ts";
export { describeKernel } from "./describe.ts";
export type * from "./kernel.ts";
export { type KernelBuffers, buffersOf, canFail } from "./kernel-buffers.ts";
export { memoryError } from "./memory-error.ts";
export type { CompiledProgram, Location, Port } from "./program.ts";
export {
  type BufferId,
  type DynamicIndex,
  type Load,
  type ScalarGraph,
  type ScalarNode,
  type ValueId,
  operandsOf,
} from "./scalar.ts";
