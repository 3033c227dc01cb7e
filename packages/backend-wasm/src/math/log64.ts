import { v128 } from "../emit/index.ts";
import { LOG_F64 } from "./coefficients/doubles.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";
import { split } from "./split64.ts";

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/**
 * log(u) + extra for normal u > 0. With f = m − 1 and s = f / (2 + f), log(1 + f) = f − (f²/2 − s·(f²/2 + R(s²))), the
 * form of FreeBSD's e_log.c, so that the largest term is exact.
 */
function logNormal(m: Lanes, u: Vector, offset: Vector | undefined, extra: Vector | undefined): Vector {
  const parts = split(m, u);
  const k = m.let(offset === undefined ? parts.k : m.add(parts.k, offset));
  const f = m.let(m.sub(parts.mantissa, m.c(1)));
  const s = m.let(m.div(f, m.add(f, m.c(2))));
  const z = m.let(m.mul(s, s));
  const rest = m.mul(z, m.polynomial(z, LOG_F64));
  const half = m.let(m.mul(m.mul(f, f), m.c(0.5)));
  const low = m.mul(k, m.c(LN2_LOW));
  const tail = m.madd(s, m.add(half, rest), extra === undefined ? low : m.add(low, extra));
  return m.sub(m.mul(k, m.c(LN2_HIGH)), m.sub(m.sub(half, tail), f));
}

function outside(m: Lanes, y: Vector, u: Vector, limit: Vector): Vector {
  const zero = m.choose(m.eq(u, m.c(0)), m.c(-Infinity), m.c(NaN));
  const special = m.choose(m.eq(limit, m.c(Infinity)), limit, zero);
  const finite = v128.and(m.gt(u, m.c(0)), m.lt(limit, m.c(Infinity)));
  return m.choose(finite, y, special);
}

export function log(m: Lanes, x: VectorLocal): Vector {
  const tiny = m.let(m.lt(x, m.c(2 ** -1022)));
  const scaled = m.choose(tiny, m.mul(x, m.c(2 ** 54)), x);
  return outside(m, logNormal(m, scaled, v128.and(tiny, m.c(-54)), undefined), x, x);
}

export function log1p(m: Lanes, x: VectorLocal): Vector {
  const u = m.let(m.add(x, m.c(1)));
  const lost = m.choose(m.gt(x, m.c(1)), m.sub(m.c(1), m.sub(u, x)), m.sub(x, m.sub(u, m.c(1))));
  const y = outside(m, logNormal(m, u, undefined, m.div(lost, u)), u, x);
  return m.choose(m.lt(m.abs(x), m.c(2 ** -54)), x, y);
}

/** log1p(|x| + x² / (1 + √(1 + x²))), and log|x| + log 2 where 1 is lost. */
export function asinh(m: Lanes, x: VectorLocal): Vector {
  const magnitude = m.let(m.abs(x));
  const near = m.let(m.pmin(magnitude, m.c(2 ** 28)));
  const square = m.let(m.mul(near, near));
  const root = m.sqrt(m.add(square, m.c(1)));
  const small = log1p(m, m.let(m.add(near, m.div(square, m.add(root, m.c(1))))));
  const large = m.add(log(m, magnitude), m.c(Math.LN2));
  return m.withSign(m.choose(m.gt(magnitude, m.c(2 ** 27)), large, small), x);
}

/** log1p(t + √(2t + t²)) with t = x − 1; NaN below 1. */
export function acosh(m: Lanes, x: VectorLocal): Vector {
  const t = m.let(m.pmin(m.sub(x, m.c(1)), m.c(2 ** 28)));
  const small = log1p(m, m.let(m.add(t, m.sqrt(m.madd(t, t, m.add(t, t))))));
  const large = m.add(log(m, x), m.c(Math.LN2));
  return m.choose(m.lt(x, m.c(1)), m.c(NaN), m.choose(m.gt(x, m.c(2 ** 27)), large, small));
}

/** ½·log1p(2x / (1 − x)) of |x|; ±∞ at ±1, NaN beyond. */
export function atanh(m: Lanes, x: VectorLocal): Vector {
  const magnitude = m.let(m.abs(x));
  const twice = m.let(m.add(magnitude, magnitude));
  const rest = m.let(m.sub(m.c(1), magnitude));
  // Below ½ the quotient is added to 2x, which is exact.
  const argument = m.choose(
    m.lt(magnitude, m.c(0.5)),
    m.madd(twice, m.div(magnitude, rest), twice),
    m.div(twice, rest),
  );
  const y = m.mul(log1p(m, m.let(argument)), m.c(0.5));
  return m.withSign(m.choose(m.gt(magnitude, m.c(1)), m.c(NaN), y), x);
}
