import type { Lanes, Vector, VectorLocal } from "./lanes.ts";

/** Functions that are always there on f32: losses and optimizers need them. */
type Basic = "exp" | "expm1" | "log";
export type Activation = "log1p" | "tanh" | "erf";
/** Functions from and to angles. */
export type Angle = "sin" | "cos" | "tan" | "asin" | "acos" | "atan";
type Hyperbolic = "sinh" | "cosh" | "asinh" | "acosh" | "atanh";

/** Functions of one float. */
export type UnaryMath = Basic | Activation | Angle | Hyperbolic;
export type BinaryMath = "pow" | "atan2";
/** What is computed on f64 by exponentials and logarithms. */
export type DoubleMath = Exclude<UnaryMath | BinaryMath, Angle | "atan2">;

/** Writes a function on the lanes of one float type. */
export type Emit = (m: Lanes, x: VectorLocal, y: VectorLocal) => Vector;

export const isBinaryMath = (name: UnaryMath | BinaryMath): name is BinaryMath =>
  name === "pow" || name === "atan2";
