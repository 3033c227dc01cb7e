import { i32, i32x4, v128 } from "../emit/index.ts";
import { ERFC_F32, ERF_F32, EXPM1_F32, EXP_F32 } from "./coefficients.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";

/** ln 2 in two parts; products of the first with numbers up to 2⁹ are exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -0.00021219444005469057;
/** Adding 1.5·2²³ leaves the nearest integer in the low bits. */
const ROUNDER = 12582912;

/** x as k·ln 2 + r with |r| ≤ ln 2 / 2; the bits of `shifted` are those of the rounder plus k. */
function reduce(m: Lanes, x: VectorLocal): { readonly shifted: VectorLocal; readonly r: VectorLocal } {
  const shifted = m.let(m.madd(x, m.c(Math.LOG2E), m.c(ROUNDER)));
  const k = m.let(m.sub(shifted, m.c(ROUNDER)));
  return { shifted, r: m.let(m.nmadd(k, m.c(LN2_LOW), m.nmadd(k, m.c(LN2_HIGH), x))) };
}

/** 2^(k + bias) from the reduction's bits; the exponent must be that of a normal number. */
const power = (m: Lanes, shifted: Vector, bias = 0): Vector =>
  i32x4.shl(i32x4.add(shifted, m.body.i32x4(127 + bias)), i32.const(23));

/** e^r and e^r − 1 for small r, without their 2^k. */
const expSmall = (m: Lanes, r: VectorLocal): Vector =>
  m.add(m.madd(m.mul(r, r), m.polynomial(r, EXP_F32), r), m.c(1));
const expm1Small = (m: Lanes, r: VectorLocal): Vector => m.madd(m.mul(r, r), m.polynomial(r, EXPM1_F32), r);

export function exp(m: Lanes, x: VectorLocal): Vector {
  const inside = m.let(m.pmax(m.pmin(x, m.c(89)), m.c(-104)));
  const { shifted, r } = reduce(m, inside);
  // 2^k in two factors, so that results at both ends of the range, subnormal ones too, are rounded once.
  const k = m.let(i32x4.sub(shifted, m.c(ROUNDER)));
  const half = m.let(i32x4.shrS(k, i32.const(1)));
  return m.mul(m.mul(expSmall(m, r), power(m, half)), power(m, i32x4.sub(k, half)));
}

export function expm1(m: Lanes, x: VectorLocal): Vector {
  const inside = m.let(m.pmax(m.pmin(x, m.c(89)), m.c(-18)));
  const { shifted, r } = reduce(m, inside);
  // 2^(k−1), doubled at the end: 2^128 is no f32.
  const scale = m.let(power(m, shifted, -1));
  const y = m.madd(scale, expm1Small(m, r), m.sub(scale, m.c(0.5)));
  return m.choose(m.lt(m.abs(x), m.c(2 ** -25)), x, m.add(m.let(y), m.let(y)));
}

/** (1 − e^(−2|x|)) / (1 + e^(−2|x|)), both from e^r − 1, so that nothing cancels near 0. */
export function tanh(m: Lanes, x: VectorLocal): Vector {
  const inside = m.let(m.mul(m.pmin(m.abs(x), m.c(10)), m.c(-2)));
  const { shifted, r } = reduce(m, inside);
  const scale = m.let(power(m, shifted));
  const t = m.let(m.mul(scale, expm1Small(m, r)));
  return m.withSign(m.div(m.sub(m.sub(m.c(1), scale), t), m.add(m.add(m.c(1), scale), t)), x);
}

/** x + x·P(x²) up to 0.92, and 1 − erfc(|x|) by the logarithm of erfc beyond; 1 from 4 on. */
export function erf(m: Lanes, x: VectorLocal): Vector {
  const magnitude = m.let(m.abs(x));
  const square = m.let(m.mul(x, x));
  const near = m.madd(magnitude, m.polynomial(square, ERF_F32), magnitude);
  const far = m.let(m.pmin(magnitude, m.c(4)));
  const { shifted, r } = reduce(m, m.let(m.polynomial(far, ERFC_F32)));
  const beyond = m.nmadd(expSmall(m, r), power(m, shifted), m.c(1));
  return v128.or(m.choose(m.lt(magnitude, m.c(0.92)), near, beyond), v128.and(x, m.signBit));
}
