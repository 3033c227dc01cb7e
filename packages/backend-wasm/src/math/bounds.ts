import type { BinaryMath, UnaryMath } from "./functions.ts";

/** Largest errors in units in the last place, with and without fused multiply-add. */
export interface Bound {
  readonly f32: number;
  readonly f64: number;
}

/**
 * Stated for all arguments. Tested over every exponent and over dense ranges, against functions of the host in f64, whose
 * own errors of up to 1 ulp the f64 rows allow for; the f64 rows were measured against 140-bit references.
 */
export const unaryBounds: { readonly [N in UnaryMath]: Bound } = {
  exp: { f32: 1, f64: 1 },
  expm1: { f32: 1.5, f64: 1.5 },
  log: { f32: 1, f64: 1 },
  log1p: { f32: 1, f64: 1 },
  sin: { f32: 1.5, f64: 1 },
  cos: { f32: 1.5, f64: 1 },
  tan: { f32: 0.51, f64: 2 },
  asin: { f32: 0.51, f64: 1 },
  acos: { f32: 0.51, f64: 1 },
  atan: { f32: 0.51, f64: 1 },
  sinh: { f32: 0.51, f64: 2 },
  cosh: { f32: 0.51, f64: 1.5 },
  tanh: { f32: 2, f64: 1.5 },
  asinh: { f32: 0.51, f64: 1.5 },
  acosh: { f32: 0.51, f64: 2 },
  atanh: { f32: 0.51, f64: 1.5 },
  erf: { f32: 1.5, f64: 1.5 },
};

export const binaryBounds: { readonly [N in BinaryMath]: Bound } = {
  pow: { f32: 0.51, f64: 1.5 },
  atan2: { f32: 0.51, f64: 1.5 },
};
