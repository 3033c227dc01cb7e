import { i32, i32x4 } from "../emit/index.ts";
import { EXPM1_F32, EXP_F32 } from "./coefficients/basic.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";

/** ln 2 in two parts; products of the first with numbers up to 2⁹ are exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -0.00021219444005469057;
/** Adding 1.5·2²³ leaves the nearest integer in the low bits. */
const ROUNDER = 12582912;

/** The bias of f32 exponents. */
const BIAS = 127;

/** x as k·ln 2 + r with |r| ≤ ln 2 / 2; the low nine bits of `shifted` are those of k + bias. */
export function reduce(
  m: Lanes,
  x: VectorLocal,
  bias: number = BIAS,
): { readonly shifted: VectorLocal; readonly r: VectorLocal } {
  const rounder = m.c(ROUNDER + bias);
  const shifted = m.let(m.madd(x, m.c(Math.LOG2E), rounder));
  const k = m.let(m.sub(shifted, rounder));
  return { shifted, r: m.let(m.nmadd(k, m.c(LN2_LOW), m.nmadd(k, m.c(LN2_HIGH), x))) };
}

/** 2^(e − 127) from the low nine bits e, which must be a normal number's exponent. */
export const power = (e: Vector): Vector => i32x4.shl(e, i32.const(23));

/** e^r for small r, without its 2^k. */
export const expSmall = (m: Lanes, r: VectorLocal): Vector =>
  m.add(m.madd(m.mul(r, r), m.polynomial(r, EXP_F32), r), m.c(1));

/** e^r − 1 for small r. */
export const expm1Small = (m: Lanes, r: VectorLocal): Vector =>
  m.madd(m.mul(r, r), m.polynomial(r, EXPM1_F32), r);

export function exp(m: Lanes, x: VectorLocal): Vector {
  const inside = m.let(m.pmax(m.pmin(x, m.c(89)), m.c(-104)));
  // 2^k in two factors, so that results at both ends of the range, subnormal ones too, are rounded once.
  const { shifted, r } = reduce(m, inside, 2 * BIAS);
  const half = m.let(i32x4.shrU(shifted, i32.const(1)));
  return m.mul(m.mul(expSmall(m, r), power(half)), power(i32x4.sub(shifted, half)));
}

export function expm1(m: Lanes, x: VectorLocal): Vector {
  const inside = m.let(m.pmax(m.pmin(x, m.c(89)), m.c(-18)));
  // 2^(k−1), doubled at the end: 2^128 is not an f32.
  const { shifted, r } = reduce(m, inside, BIAS - 1);
  const scale = m.let(power(shifted));
  const y = m.madd(scale, expm1Small(m, r), m.sub(scale, m.c(0.5)));
  return m.choose(m.lt(m.abs(x), m.c(2 ** -25)), x, m.add(m.let(y), m.let(y)));
}
