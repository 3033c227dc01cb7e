import { f32x4, i32, i32x4, v128 } from "../emit/index.ts";
import { LOG_F32 } from "./coefficients/basic.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";

const LN2_HIGH = 0.693359375;
const LN2_LOW = -0.00021219444005469057;
const SQRT_HALF = 0x3f3504f3;
const ONE = 0x3f800000;

/**
 * log(u) + extra for normal u > 0: u = 2^k·(1 + f) with 1 + f from √½ to √2, and
 * log(1 + f) = f − f²/2 + f³·P(f). `k` gets `offset` added.
 */
export function logNormal(
  m: Lanes,
  u: Vector,
  offset: Vector | undefined,
  extra: Vector | undefined,
): Vector {
  const bits = m.let(i32x4.add(u, m.body.i32x4(ONE - SQRT_HALF)));
  const exponent = f32x4.convertI32x4S(i32x4.sub(i32x4.shrS(bits, i32.const(23)), m.body.i32x4(127)));
  const k = m.let(offset === undefined ? exponent : m.add(exponent, offset));
  const mantissa = i32x4.add(v128.and(bits, m.body.i32x4(0x7fffff)), m.body.i32x4(SQRT_HALF));
  const f = m.let(m.sub(mantissa, m.c(1)));
  const square = m.let(m.mul(f, f));
  const cubic = m.mul(m.mul(square, f), m.polynomial(f, LOG_F32));
  const low = m.madd(k, m.c(LN2_LOW), cubic);
  const tail = m.nmadd(square, m.c(0.5), extra === undefined ? low : m.add(low, extra));
  return m.madd(k, m.c(LN2_HIGH), m.add(tail, f));
}

/** Corrects results for arguments that are not finite positive numbers: `u` is 0 at the pole and `limit` has the infinity and NaN. */
export function outside(m: Lanes, y: Vector, u: Vector, limit: Vector): Vector {
  const zero = m.choose(m.eq(u, m.c(0)), m.c(-Infinity), m.c(NaN));
  const special = m.choose(m.eq(limit, m.c(Infinity)), limit, zero);
  const finite = v128.and(m.gt(u, m.c(0)), m.lt(limit, m.c(Infinity)));
  return m.choose(finite, y, special);
}

export function log(m: Lanes, x: VectorLocal): Vector {
  const tiny = m.let(m.lt(x, m.c(2 ** -126)));
  const scaled = m.choose(tiny, m.mul(x, m.c(2 ** 23)), x);
  return outside(m, logNormal(m, scaled, v128.and(tiny, m.c(-23)), undefined), x, x);
}
