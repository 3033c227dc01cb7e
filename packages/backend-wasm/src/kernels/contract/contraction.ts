import type { BufferId, ContractKernel } from "@adjoint/compiler/kernel";
import type { Callee } from "../../emit/index.ts";
import type { SHARED, Split } from "../../share.ts";
import type { Epilogue } from "./epilogue/epilogue.ts";
import { type Lane, laneOf, sumTypeOf } from "./lane.ts";
import { type Operand, operandOf } from "./operand.ts";
import { type Sizes, sizesOf } from "./sizes.ts";

/** The features of the engine, and the number of threads. */
export interface PlanOptions {
  /** Fused multiply-add (relaxed SIMD). */
  readonly fused?: boolean;
  /** V8 joins pairs of vectors into 256-bit ones. */
  readonly wide?: boolean;
  /** Threads that may run it at once, 1 if absent. */
  readonly threads?: number;
  /** The part that threads split; chosen if absent. */
  readonly split?: Split;
  /** Bytes behind each region of the workspace that nothing may touch, 0 if absent. */
  readonly gap?: number;
}

/** A contraction over operands in memory, as every way begins with it: result = Σ_inner left · right. */
export interface Contraction {
  readonly sizes: Sizes;
  /** The arithmetic of the sums, fused if the engine is. */
  readonly lane: Lane;
  readonly fused: boolean;
  readonly wide: boolean;
  readonly left: Operand;
  readonly right: Operand;
  /** Makes results of the sums. */
  readonly epilogue: Epilogue;
  /** The geometry of the convolution that it comes from, if it does. */
  readonly convolution: ContractKernel["convolution"];
}

/** The workspace of a contraction, and the part of it that threads share. */
export interface Setting {
  readonly split: Split;
  /** Address of the regions, a multiple of 64. */
  readonly workspace: number;
  /** Bytes behind each region that nothing may touch. */
  readonly gap: number;
}

/** Code of a contraction: (thread, from, to, parts). The numbers that it computes don't depend on these. */
export type SharedFunction = Callee<typeof SHARED, "void">;

export function contractionOf(
  kernel: ContractKernel,
  { fused = false, wide = false }: PlanOptions,
  epilogue: Epilogue,
  address: (buffer: BufferId) => number,
): Contraction {
  return {
    sizes: sizesOf(kernel),
    lane: laneOf(sumTypeOf(kernel.dtype), fused),
    fused,
    wide,
    left: operandOf(kernel, kernel.left, "rows", address),
    right: operandOf(kernel, kernel.right, "columns", address),
    epilogue,
    convolution: kernel.convolution,
  };
}
