import type { RegisterAttributes } from "@adjoint/ir/graph";
import type { DType } from "@adjoint/ir/values";
import type { BufferInfo } from "./buffers.ts";
import type { Kernel } from "./kernel.ts";
import type { BufferId } from "./scalar.ts";

/** The memory of a buffer while the program runs. */
export type Location =
  | { readonly kind: "slot"; readonly slot: number }
  | { readonly kind: "register"; readonly name: string }
  | { readonly kind: "constant" }
  /** Nothing touches it. */
  | { readonly kind: "none" };

/** A named buffer at the program's edge. */
export interface Port {
  readonly name: string;
  readonly buffer: BufferId;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A program for a backend: kernels in order, over buffers that all have a location. */
export interface CompiledProgram {
  readonly kernels: readonly Kernel[];
  readonly buffers: readonly (BufferInfo & { readonly location: Location })[];
  /** Bytes of each slot; buffers that are never alive together share one. */
  readonly slots: readonly number[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly registers: readonly RegisterAttributes[];
  /** Bytes that the program needs while it runs: slots, registers, constants. */
  readonly peakBytes: number;
}
