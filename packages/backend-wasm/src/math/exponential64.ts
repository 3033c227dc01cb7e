import { i32, i64x2 } from "../emit/index.ts";
import { EXP_F64 } from "./coefficients/doubles.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";

/** ln 2 in two parts; products of the first with numbers up to 2¹¹ are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const ROUNDER = 1.5 * 2 ** 52;

export interface Reduced {
  /** Whole powers of 2, as i64. */
  readonly k: VectorLocal;
  /** The rest, and what its rounding lost. */
  readonly r: VectorLocal;
  readonly lost: VectorLocal;
}

export function reduce(m: Lanes, x: VectorLocal, extra?: VectorLocal): Reduced {
  const shifted = m.let(m.madd(x, m.c(Math.LOG2E), m.c(ROUNDER)));
  const k = m.let(m.sub(shifted, m.c(ROUNDER)));
  const high = m.let(m.nmadd(k, m.c(LN2_HIGH), x));
  const below = m.mul(k, m.c(LN2_LOW));
  const low = m.let(extra === undefined ? below : m.sub(below, extra));
  const r = m.let(m.sub(high, low));
  return { k: m.let(i64x2.sub(shifted, m.c(ROUNDER))), r, lost: m.let(m.sub(m.sub(high, r), low)) };
}

/** 2^k for k from −1022 to 1023. */
export const power = (m: Lanes, k: Vector): Vector =>
  i64x2.shl(i64x2.add(k, m.body.i64x2(1023n)), i32.const(52));

/** e^r − 1: r + (lost + r²·P(r)). */
export const expm1Small = (m: Lanes, { r, lost }: Reduced): Vector =>
  m.add(r, m.madd(m.mul(r, r), m.polynomial(r, EXP_F64), lost));

/** e^(x + extra)·2^shift for x from −746 to 711 and a tiny extra, without overflow in between. */
export function expSum(m: Lanes, x: VectorLocal, extra?: VectorLocal, shift = 0n): Vector {
  const reduced = reduce(m, x, extra);
  const k = shift === 0n ? reduced.k : m.let(i64x2.add(reduced.k, m.body.i64x2(shift)));
  const half = m.let(i64x2.shrS(k, i32.const(1)));
  const small = m.add(m.c(1), expm1Small(m, reduced));
  return m.mul(m.mul(small, power(m, half)), power(m, i64x2.sub(k, half)));
}
