import type { ContractKernel } from "@adjoint/compiler/kernel";
import { elementCount } from "@adjoint/ir";
import type { Lane } from "./lane.ts";
import type { Split } from "../../share.ts";

export interface PlanOptions {
  /** Fused multiply-add (relaxed SIMD). */
  readonly fused?: boolean;
  /** Pairs of vectors that V8 joins into 256-bit ones. */
  readonly wide?: boolean;
  /** Threads that may run it at once, 1 if absent. */
  readonly threads?: number;
  /** Threads split this part; found if absent. */
  readonly split?: Split;
  /** Bytes behind each region of the workspace that nothing may touch, 0 if absent. */
  readonly gap?: number;
}

export interface Sizes {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

export const sizesOf = ({ batch, rows, columns, inner }: ContractKernel): Sizes => ({
  batch: elementCount(batch),
  rows: elementCount(rows),
  columns: elementCount(columns),
  inner: elementCount(inner),
});

/** Terms in a block: a sliver of the right side stays in the first-level cache. */
const DEPTH = 400;

/** Terms in a block of a lane's sums, at most. */
export const blockTerms = ({ bytes }: Lane): number => (DEPTH * 4) / bytes;

export const paddedTo = (size: number, unit: number): number => Math.ceil(size / unit) * unit;

/** Blocks of about equal size, a multiple of `unit`, none above `most`. */
export const balanced = (size: number, most: number, unit: number): number => {
  const blocks = Math.max(1, Math.ceil(size / most));
  return Math.max(unit, Math.ceil(size / blocks / unit) * unit);
};

/** Terms in a block; by the number of terms alone, so that the order of additions is one whatever the engine can do. */
export const depthOf = (inner: number, lane: Lane): number => balanced(inner, blockTerms(lane), 8);
