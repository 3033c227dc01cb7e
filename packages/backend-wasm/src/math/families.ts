import type { Callee, ModuleBuilder } from "../emit/index.ts";
import type { Activation, Angle, DoubleMath, Emit } from "./functions.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";

/** Functions that only some programs need. */
export interface MathFamilies {
  /** log1p, tanh and erf on f32. */
  readonly activations: Activations;
  /** Exponentials, logarithms and powers on f64, which some of f32 go through. */
  readonly doubles: Doubles;
  /** Trigonometric functions and their inverses. */
  readonly angles: Angles;
}

interface Activations {
  /** On four f32. */
  readonly functions: { readonly [N in Activation]: Emit };
}

interface Doubles {
  /** On two f64. */
  readonly functions: { readonly [N in DoubleMath]: Emit };
  /** x^y of f32 arguments held in f64. */
  readonly powSingle: Emit;
}

interface Angles {
  /** On two f64, given the module's function for large angles, which is written where one needs it. */
  readonly functions: { readonly [N in Angle | "atan2"]: AngleRule };
  /** Writes that function. */
  readonly hugeReduction: (module: ModuleBuilder) => HugeReduction;
  /** sin(x + turns·π/2) on four f32; `whole` is the same on two f64, for large angles. */
  readonly sineTurned32: (
    m: Lanes,
    x: VectorLocal,
    turns: number,
    whole: Callee<readonly ["v128"], "v128">,
  ) => Vector;
}

export type AngleRule = (reduction: () => HugeReduction) => Emit;

/** Lane 0: the angle within π/4, lane 1: what its rounding lost, whose two low bits are the quadrant. For f64 from 2²⁰ on. */
export type HugeReduction = Callee<readonly ["f64"], "v128">;
