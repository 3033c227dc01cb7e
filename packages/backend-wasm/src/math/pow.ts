import { i32, i64x2, v128 } from "../emit/index.ts";
import { EXP2_POW, LOG_POW } from "./coefficients/doubles.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";
import { split } from "./split64.ts";

const ROUNDER = 1.5 * 2 ** 52;

/** Puts the special cases of ECMAScript's power, but for 1 to any power, around |x|^y; `magnitude` need be right only for numbers above 0. */
export function powCases(m: Lanes, x: VectorLocal, y: VectorLocal, magnitude: Vector): Vector {
  const [zero, one, infinity] = [m.c(0), m.c(1), m.c(Infinity)];
  const a = m.let(m.abs(x));
  const whole = m.let(m.eq(m.trunc(y), y));
  const half = m.mul(y, m.c(0.5));
  // Odd integers; beyond 2⁵³ all are even, and so are the infinities.
  const isOdd = v128.and(v128.and(whole, m.ne(m.trunc(half), half)), m.lt(m.abs(y), m.c(2 ** 53)));
  const negative = m.let(m.lt(m.withSign(one, x), zero));
  // 0 and ∞ to a power: ∞ or 0 by the signs. (−1)^±∞ is NaN, as ECMAScript has it; 1 to any power and x⁰ are 1.
  const up = m.let(m.gt(y, zero));
  const ofZero = m.choose(up, zero, infinity);
  const ofInfinity = m.choose(up, infinity, zero);
  const toInfinity = m.choose(
    m.eq(a, one),
    m.c(NaN),
    m.choose(v128.xor(m.gt(a, one), m.lt(y, zero)), infinity, zero),
  );
  let result: Vector = m.choose(m.eq(a, zero), ofZero, magnitude);
  result = m.choose(m.eq(a, infinity), ofInfinity, result);
  result = m.choose(m.eq(m.abs(y), infinity), toInfinity, result);
  result = v128.or(result, v128.and(v128.and(isOdd, negative), m.signBit));
  const invalid = v128.andnot(v128.and(m.lt(x, zero), m.gt(x, m.c(-Infinity))), whole);
  const notNumber = v128.or(m.ne(x, x), m.ne(y, y));
  result = m.choose(v128.or(invalid, notNumber), m.c(NaN), result);
  return m.choose(v128.or(m.eq(y, zero), m.eq(x, one)), one, result);
}

/** x^y of f32 arguments held in f64: e^(y·log|x|) to about 2⁻³². */
export function powSingle(m: Lanes, x: VectorLocal, y: VectorLocal): Vector {
  const parts = split(m, m.abs(x));
  const f = m.let(m.sub(parts.mantissa, m.c(1)));
  const s = m.let(m.div(f, m.add(f, m.c(2))));
  const z = m.let(m.mul(s, s));
  const logarithm = m.madd(parts.k, m.c(Math.LN2), m.mul(s, m.madd(z, m.polynomial(z, LOG_POW), m.c(2))));
  const exponent = m.let(m.pmax(m.pmin(m.mul(y, logarithm), m.c(120)), m.c(-120)));
  const shifted = m.let(m.madd(exponent, m.c(Math.LOG2E), m.c(ROUNDER)));
  const k = m.sub(shifted, m.c(ROUNDER));
  const r = m.let(m.nmadd(k, m.c(Math.LN2), exponent));
  const small = m.add(m.madd(m.mul(r, r), m.polynomial(r, EXP2_POW), r), m.c(1));
  const scale = i64x2.shl(i64x2.add(shifted, m.body.i64x2(1023n)), i32.const(52));
  return powCases(m, x, y, m.mul(small, scale));
}
