import type { ConvAttributes, ScatterReduction } from "@adjoint/ir/graph";
import type { DType } from "@adjoint/ir/values";
import type { Affine, IndexMap } from "./affine.ts";
import type { BufferId, DynamicIndex, ScalarGraph, ValueId } from "./scalar.ts";

/** Writes a value of the kernel's expression at a position of a buffer. */
export interface Store {
  readonly buffer: BufferId;
  readonly index: Affine;
  readonly value: ValueId;
}

/** Elementwise over a domain, with one or several results. */
export interface MapKernel {
  readonly form: "map";
  readonly domain: readonly number[];
  readonly body: ScalarGraph;
  readonly stores: readonly Store[];
}

export type ReduceOperation = "reduceSum" | "reduceProd" | "reduceMax" | "reduceMin" | "argMax" | "argMin";

/** One fold of a value over the inner axes. */
export interface Reduction {
  readonly operation: ReduceOperation;
  readonly value: ValueId;
  /** The folded value's dtype; an arg reduction gives i32. */
  readonly dtype: DType;
}

/** Folds over the inner axes for each point of the outer ones. `body` is over outer ++ inner, `epilogue` over outer. */
export interface ReduceKernel {
  readonly form: "reduce";
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  readonly body: ScalarGraph;
  readonly reductions: readonly Reduction[];
  readonly epilogue: ScalarGraph;
  readonly stores: readonly Store[];
}

/** One side of a contraction: a buffer read by an index map over batch ++ rows ++ columns ++ inner; zero if guards fail. */
export interface ContractOperand {
  readonly buffer: BufferId;
  readonly dtype: DType;
  readonly index: IndexMap;
}

/**
 * out[batch, rows, columns] = Σ_inner left·right, then an epilogue over batch ++ rows ++ columns whose accumulator 0 is
 * the sum. Each part may have several axes; the left does not depend on columns, nor the right on rows.
 */
export interface ContractKernel {
  readonly form: "contract";
  readonly batch: readonly number[];
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly inner: readonly number[];
  readonly dtype: DType;
  readonly left: ContractOperand;
  readonly right: ContractOperand;
  readonly epilogue: ScalarGraph;
  readonly stores: readonly Store[];
  /** The convolution that the contraction comes from, if any, for backends that know a better way. */
  readonly convolution?: ConvolutionGeometry;
}

export interface ConvolutionGeometry {
  readonly variant: "conv" | "convTranspose" | "convWeight";
  readonly attributes: ConvAttributes;
  /** [N, C, …spatial] of the input, [O, C/groups, …kernel] of the weight, [N, O, …] of the output. */
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly g: readonly number[];
}

/** Running sums or products along the last axis of outer ++ [size]. */
export interface CumulativeKernel {
  readonly form: "cumulative";
  readonly operation: "cumSum" | "cumProd";
  readonly outer: readonly number[];
  readonly size: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
  readonly dtype: DType;
  readonly body: ScalarGraph;
  readonly value: ValueId;
  readonly buffer: BufferId;
  readonly index: Affine;
}

/** Joins values into a buffer that holds the data already, at positions decided by data, in row-major order of the domain. */
export interface ScatterKernel {
  readonly form: "scatter";
  readonly domain: readonly number[];
  readonly reduction: ScatterReduction;
  readonly dtype: DType;
  readonly body: ScalarGraph;
  readonly value: ValueId;
  readonly buffer: BufferId;
  readonly index: Affine;
  readonly dynamic: readonly DynamicIndex[];
}

/** Stable order of each line along the last axis of outer ++ [size]; the first `count` are kept. NaN counts as largest. */
export interface SortKernel {
  readonly form: "sort";
  readonly outer: readonly number[];
  readonly size: number;
  readonly count: number;
  readonly descending: boolean;
  readonly dtype: DType;
  readonly source: BufferId;
  readonly index: Affine;
  /** Over outer ++ [count]. */
  readonly values: Store["index"];
  readonly valuesBuffer: BufferId;
  readonly indicesBuffer: BufferId;
}

/** `elements` copied between buffers at the start or end of a step; a stacked side is addressed by the step. */
export interface StepCopy {
  readonly from: BufferId;
  readonly to: BufferId;
  readonly elements: number;
}

/** Runs its kernels once a step. */
export interface ScanKernel {
  readonly form: "scan";
  readonly length: number;
  readonly reverse: boolean;
  /** Before each step: the step's slice of a sequence. */
  readonly slices: readonly StepCopy[];
  readonly body: readonly Kernel[];
  /** After each step: outputs to their position in the stack. */
  readonly outputs: readonly StepCopy[];
  /** After that: next carries over the carries. */
  readonly feedback: readonly StepCopy[];
}

/** Runs one of two lists of kernels, by a bool in memory. */
export interface IfKernel {
  readonly form: "if";
  readonly condition: BufferId;
  readonly branches: readonly [readonly Kernel[], readonly Kernel[]];
}

export type Kernel =
  | MapKernel
  | ReduceKernel
  | ContractKernel
  | CumulativeKernel
  | ScatterKernel
  | SortKernel
  | ScanKernel
  | IfKernel;

export type KernelForm = Kernel["form"];
