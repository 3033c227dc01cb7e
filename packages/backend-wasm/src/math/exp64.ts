import { i64x2, v128 } from "../emit/index.ts";
import { ERFCX_F64, ERF_F64 } from "./coefficients/doubles.ts";
import { expSum, expm1Small, power, reduce } from "./exponential64.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";

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
