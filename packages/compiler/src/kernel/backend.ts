import type { State } from "@adjoint/ir";
import type { TypedArray } from "@adjoint/ir/values";
import type { CompiledProgram } from "./program.ts";

/** The limits of a backend for one kernel. */
export interface FusionLimits {
  /** Buffers that one kernel may touch. */
  readonly buffers: number;
}

/** A way to run programs. It prints and launches kernels; it never schedules, fuses or plans memory. */
export interface Backend extends Disposable {
  readonly name: string;
  /** Limits for one kernel; without them there are none. */
  readonly limits?: FusionLimits;
  /** Opens memory for registers, which all programs compiled on it share; on new hardware if the former was lost. */
  open(): Promise<Device>;
  /** Ends what the backend has started for all its devices, such as threads; they are closed before. */
  [Symbol.dispose](): void;
}

/** Registers, and the programs over them. */
export interface Device extends AsyncDisposable {
  /** Creates or overwrites registers. */
  writeState(state: State): Promise<void>;
  /** Copies registers to the host. */
  readState(names: readonly string[]): Promise<State>;
  /** Every register of the program has been written before. */
  compile(program: CompiledProgram, options: CompileOptions): Promise<Executable>;
}

export interface CompileOptions {
  /** Measure every kernel. */
  readonly profile: boolean;
}

/** A program that is ready to run. */
export interface Executable extends AsyncDisposable {
  /**
   * Runs all kernels once.
   * @param feeds data of the program's inputs, in order, of their dtype's array class and size.
   * @returns data of the program's outputs, in order: views that hold until the next run.
   */
  run(feeds: readonly TypedArray[]): Promise<readonly TypedArray[]>;
  /** Bytes beyond the program's slots that its kernels work in. */
  readonly workspaceBytes: number;
  /** Milliseconds spent in each kernel so far and the number of runs, if profiling is on. */
  readonly profile?: { readonly runs: number; readonly kernels: readonly number[] };
}
