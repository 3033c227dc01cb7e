import { i32, i64x2, v128 } from "../emit/index.ts";
import { ERFCX_F64, ERF_F64, EXP_F64 } from "./coefficients/doubles.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";

/** ln 2 in two parts; products of the first with numbers up to 2¹¹ are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const ROUNDER = 1.5 * 2 ** 52;

interface Reduced {
  /** Whole powers of 2, as i64. */
  readonly k: VectorLocal;
  /** The rest, and what its rounding lost. */
  readonly r: VectorLocal;
  readonly lost: VectorLocal;
}

function reduce(m: Lanes, x: VectorLocal, extra?: VectorLocal): Reduced {
  const shifted = m.let(m.madd(x, m.c(Math.LOG2E), m.c(ROUNDER)));
  const k = m.let(m.sub(shifted, m.c(ROUNDER)));
  const high = m.let(m.nmadd(k, m.c(LN2_HIGH), x));
  const below = m.mul(k, m.c(LN2_LOW));
  const low = m.let(extra === undefined ? below : m.sub(below, extra));
  const r = m.let(m.sub(high, low));
  return { k: m.let(i64x2.sub(shifted, m.c(ROUNDER))), r, lost: m.let(m.sub(m.sub(high, r), low)) };
}

/** 2^k for k from −1022 to 1023. */
const power = (m: Lanes, k: Vector): Vector => i64x2.shl(i64x2.add(k, m.body.i64x2(1023n)), i32.const(52));

/** e^r − 1: r + (lost + r²·P(r)). */
const expm1Small = (m: Lanes, { r, lost }: Reduced): Vector =>
  m.add(r, m.madd(m.mul(r, r), m.polynomial(r, EXP_F64), lost));

/** e^(x + extra)·2^shift for x from −746 to 711 and a tiny extra, without overflow in between. */
export function expSum(m: Lanes, x: VectorLocal, extra?: VectorLocal, shift = 0n): Vector {
  const reduced = reduce(m, x, extra);
  const k = shift === 0n ? reduced.k : m.let(i64x2.add(reduced.k, m.body.i64x2(shift)));
  const half = m.let(i64x2.shrS(k, i32.const(1)));
  const small = m.add(m.c(1), expm1Small(m, reduced));
  return m.mul(m.mul(small, power(m, half)), power(m, i64x2.sub(k, half)));
}

/** e^x·2^shift. */
const expScaled = (m: Lanes, x: VectorLocal, shift: bigint): Vector =>
  expSum(m, m.let(m.pmax(m.pmin(x, m.c(711)), m.c(-746))), undefined, shift);

export const exp = (m: Lanes, x: VectorLocal): Vector => expScaled(m, x, 0n);

export function expm1(m: Lanes, x: VectorLocal): Vector {
  const inside = m.let(m.pmax(m.pmin(x, m.c(709.9)), m.c(-40)));
  const reduced = reduce(m, inside);
  const scale = m.let(power(m, i64x2.sub(reduced.k, m.body.i64x2(1n))));
  const y = m.let(m.madd(scale, expm1Small(m, reduced), m.sub(scale, m.c(0.5))));
  return m.choose(m.lt(m.abs(x), m.c(2 ** -54)), x, m.add(y, y));
}

/** (1 − e^(−2|x|)) / (1 + e^(−2|x|)), both from e^r − 1, and what rounding the two took from the quotient. */
export function tanh(m: Lanes, x: VectorLocal): Vector {
  const inside = m.let(m.mul(m.pmin(m.abs(x), m.c(22)), m.c(-2)));
  const reduced = reduce(m, inside);
  const scale = m.let(power(m, reduced.k));
  const t = m.let(m.mul(scale, expm1Small(m, reduced)));
  const [less, more] = [m.let(m.sub(m.c(1), scale)), m.let(m.add(m.c(1), scale))];
  const [top, bottom] = [m.let(m.sub(less, t)), m.let(m.add(more, t))];
  const quotient = m.let(m.div(top, bottom));
  const topLost = m.sub(m.sub(less, top), t);
  const bottomLost = m.add(m.sub(more, bottom), t);
  const correction = m.div(m.nmadd(quotient, bottomLost, topLost), bottom);
  return m.withSign(m.add(quotient, correction), x);
}

/** (t + t / (t + 1)) / 2 with t = e^|x| − 1, and e^|x| / 2 where the other half is lost. */
export function sinh(m: Lanes, x: VectorLocal): Vector {
  const magnitude = m.let(m.abs(x));
  const t = m.let(expm1(m, m.let(m.pmin(magnitude, m.c(30)))));
  const near = m.mul(m.c(0.5), m.add(t, m.div(t, m.add(t, m.c(1)))));
  return m.withSign(m.choose(m.lt(magnitude, m.c(22)), near, expScaled(m, magnitude, -1n)), x);
}

/** h + ¼/h with h = e^|x| / 2. */
export function cosh(m: Lanes, x: VectorLocal): Vector {
  const half = m.let(expScaled(m, m.let(m.abs(x)), -1n));
  return m.add(half, m.div(m.c(0.25), half));
}

/** x + x·P(x²) up to 1, and 1 − e^(−x²)·Q beyond; 1 from 6 on. */
export function erf(m: Lanes, x: VectorLocal): Vector {
  const magnitude = m.let(m.abs(x));
  const square = m.let(m.mul(x, x));
  const near = m.madd(magnitude, m.polynomial(square, ERF_F64), magnitude);
  const far = m.let(m.pmax(m.pmin(magnitude, m.c(6)), m.c(1)));
  const t = m.let(m.div(m.sub(far, m.c(2.5)), m.add(far, m.c(2.5))));
  const decay = exp(m, m.let(m.neg(m.mul(far, far))));
  const beyond = m.nmadd(decay, m.polynomial(t, ERFCX_F64), m.c(1));
  return v128.or(m.choose(m.lt(magnitude, m.c(1)), near, beyond), v128.and(x, m.signBit));
}
