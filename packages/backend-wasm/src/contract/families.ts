import type { ContractKernel } from "@adjoint/compiler";
import type { Callee, ModuleBuilder } from "../emit/index.ts";
import type { SHARED } from "../share.ts";
import type { Epilogue } from "./epilogue.ts";
import type { Lane } from "./lane.ts";
import type { Operand } from "./operand.ts";
import type { EmitLine } from "./pack.ts";
import type { Plan, SwappedPlan, TapsPlan, VectorPlan, WindowPlan } from "./shapes.ts";
import type { PlanOptions, Sizes } from "./sizes.ts";

/** Code of contractions that only some programs need. A plan is undefined where its shape does not fit. */
export interface ContractFamilies {
  /** Products of a matrix and a vector. */
  readonly vectors: Vectors;
  /** Operands of contractions that are no matrices in memory: windows, padding, narrow elements. */
  readonly indirect: Indirect;
}

/** Writes a contraction of one shape as a function of (thread, from, to, parts). */
type Emit<S> = (
  module: ModuleBuilder,
  plan: Plan,
  shape: S,
  workspace: number,
) => Callee<typeof SHARED, "void">;

interface Vectors {
  readonly vectorPlan: (sizes: Sizes, lane: Lane, left: Operand, right: Operand) => VectorPlan | undefined;
  /** The matrix streams from memory once, unpacked. */
  readonly emitVector: Emit<VectorPlan>;
}

interface Indirect {
  readonly emitLine: EmitLine;
  readonly windowPlan: (
    sizes: Sizes,
    lane: Lane,
    left: Operand,
    right: Operand,
    options: PlanOptions,
    epilogue: Epilogue,
  ) => WindowPlan | undefined;
  /** A right side that is read through windows, as convolutions do. */
  readonly emitWindows: Emit<WindowPlan>;
  readonly swappedPlan: (
    sizes: Sizes,
    lane: Lane,
    windowed: WindowPlan,
    options: PlanOptions,
  ) => SwappedPlan | undefined;
  /** Windows with the sides swapped. */
  readonly emitSwapped: Emit<SwappedPlan>;
  readonly tapsPlan: (
    kernel: ContractKernel,
    sizes: Sizes,
    lane: Lane,
    left: Operand,
    right: Operand,
    options: PlanOptions,
  ) => TapsPlan | undefined;
  /** The gradient by a convolution's weight. */
  readonly emitTaps: Emit<TapsPlan>;
}
