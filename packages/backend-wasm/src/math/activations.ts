import { v128 } from "../emit/index.ts";
import { ERFC_F32, ERF_F32 } from "./coefficients/activations.ts";
import { expSmall, expm1Small, power, reduce } from "./exp32.ts";
import type { Activation, Emit } from "./functions.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";
import { logNormal, outside } from "./log32.ts";

/** (1 − e^(−2|x|)) / (1 + e^(−2|x|)), both from e^r − 1, so that nothing cancels near 0. */
function tanh(m: Lanes, x: VectorLocal): Vector {
  const inside = m.let(m.mul(m.pmin(m.abs(x), m.c(10)), m.c(-2)));
  const { shifted, r } = reduce(m, inside);
  const scale = m.let(power(shifted));
  const t = m.let(m.mul(scale, expm1Small(m, r)));
  return m.withSign(m.div(m.sub(m.sub(m.c(1), scale), t), m.add(m.add(m.c(1), scale), t)), x);
}

/** x + x·P(x²) up to 0.92, and 1 − erfc(|x|) by the logarithm of erfc beyond; 1 from 4 on. */
function erf(m: Lanes, x: VectorLocal): Vector {
  const magnitude = m.let(m.abs(x));
  const square = m.let(m.mul(x, x));
  const near = m.madd(magnitude, m.polynomial(square, ERF_F32), magnitude);
  const far = m.let(m.pmin(magnitude, m.c(4)));
  const { shifted, r } = reduce(m, m.let(m.polynomial(far, ERFC_F32)));
  const beyond = m.nmadd(expSmall(m, r), power(shifted), m.c(1));
  return v128.or(m.choose(m.lt(magnitude, m.c(0.92)), near, beyond), v128.and(x, m.signBit));
}

/** log(u) + c / u with u = 1 + x rounded and c what the rounding lost. */
function log1p(m: Lanes, x: VectorLocal): Vector {
  const u = m.let(m.add(x, m.c(1)));
  const lost = m.choose(m.gt(x, m.c(1)), m.sub(m.c(1), m.sub(u, x)), m.sub(x, m.sub(u, m.c(1))));
  const y = outside(m, logNormal(m, u, undefined, m.div(lost, u)), u, x);
  return m.choose(m.lt(m.abs(x), m.c(2 ** -26)), x, y);
}

/** On four f32. */
export const activations: { readonly [N in Activation]: Emit } = { log1p, tanh, erf };
