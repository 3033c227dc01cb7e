import type { ContractKernel } from "@adjoint/compiler/kernel";
import { elementCount } from "@adjoint/ir/values";
import type { Lane } from "./lane.ts";

/** The number of elements in each part of a contraction's domain. */
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

/** Terms in a block of f32: a panel of the right side stays in the first-level cache. */
const DEPTH = 400;

/** Terms in a block, at most. */
export const blockTerms = ({ bytes }: Lane): number => (DEPTH * 4) / bytes;

/** The size, rounded up to a multiple of `unit`. */
export const paddedTo = (size: number, unit: number): number => Math.ceil(size / unit) * unit;

/** The size of blocks of about equal size: a multiple of `unit`, at most `most`. */
export const balanced = (size: number, most: number, unit: number): number => {
  const blocks = Math.max(1, Math.ceil(size / most));
  return Math.max(unit, Math.ceil(size / blocks / unit) * unit);
};

/** Terms in a block. It depends on the number of terms alone, so that additions have one order whatever the engine can do. */
export const depthOf = (inner: number, lane: Lane): number => balanced(inner, blockTerms(lane), 8);

/** The least number that both divide. */
export const leastCommonMultiple = (a: number, b: number): number => {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
};
