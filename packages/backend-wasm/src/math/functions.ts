import type { FloatFunction } from "@adjoint/ir/graph";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";

/** Functions that f32 kernels have written in place. */
export type Activation = "log1p" | "tanh" | "erf";
/** Functions from and to angles. */
export type Angle = "sin" | "cos" | "tan" | "asin" | "acos" | "atan";

/** Functions of one float; the square root is an instruction. */
export type UnaryMath = Exclude<FloatFunction, "sqrt">;
export type BinaryMath = "pow" | "atan2";
/** Functions that f64 computes with exponentials and logarithms: `doubles.ts`. */
export type DoubleMath = Exclude<UnaryMath | BinaryMath, Angle | "atan2">;

/** Writes a function on the lanes of one float type. */
export type Emit = (m: Lanes, x: VectorLocal, y: VectorLocal) => Vector;

export const isBinaryMath = (name: UnaryMath | BinaryMath): name is BinaryMath =>
  name === "pow" || name === "atan2";
