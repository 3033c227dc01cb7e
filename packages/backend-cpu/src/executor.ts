import type {
  ContractKernel,
  CumulativeKernel,
  MapKernel,
  ReduceKernel,
  ScatterKernel,
} from "@adjoint/compiler/kernel";
import type { Memory } from "./memory.ts";

/** Runs a kernel once. */
export type Run = () => void;

/** Computes a tile's epilogue: rows r0…r1 and columns c0…c1 of a batch, whose sums stand row by row in the tile. */
export type Epilogue = (
  batch: number,
  r0: number,
  r1: number,
  c0: number,
  c1: number,
  tile: ArrayLike<number | bigint>,
  stride: number,
) => void;

/**
 * The two ways to run the expression of a kernel: printed as JavaScript, or as closures where a content security policy
 * forbids `new Function`. Both give the same numbers.
 */
export interface ExpressionCompiler {
  map(kernel: MapKernel, memory: Memory): Run;
  reduce(kernel: ReduceKernel, memory: Memory): Run;
  cumulative(kernel: CumulativeKernel, memory: Memory): Run;
  scatter(kernel: ScatterKernel, memory: Memory): Run;
  epilogue(kernel: ContractKernel, memory: Memory): Epilogue;
}
