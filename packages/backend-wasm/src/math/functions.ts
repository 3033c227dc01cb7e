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

/** The families of code that a function's two precisions come from; absent where it is always there. */
interface Sources {
  readonly f32?: "activations" | "doubles" | "angles";
  readonly f64: "doubles" | "angles";
}
const basic: Sources = { f64: "doubles" };
const activation: Sources = { f32: "activations", f64: "doubles" };
const double: Sources = { f32: "doubles", f64: "doubles" };
const angle: Sources = { f32: "angles", f64: "angles" };

export const mathSources: { readonly [N in UnaryMath | BinaryMath]: Sources } = {
  exp: basic,
  expm1: basic,
  log: basic,
  log1p: activation,
  sin: angle,
  cos: angle,
  tan: angle,
  asin: angle,
  acos: angle,
  atan: angle,
  sinh: double,
  cosh: double,
  tanh: activation,
  asinh: double,
  acosh: double,
  atanh: double,
  erf: activation,
  pow: double,
  atan2: angle,
};

export const isMath = (operation: string): operation is UnaryMath | BinaryMath => operation in mathSources;

export const isBinaryMath = (name: UnaryMath | BinaryMath): name is BinaryMath =>
  name === "pow" || name === "atan2";
