import { LOG_F64 } from "./coefficients/doubles.ts";
import { expSum } from "./exponential64.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";
import { split } from "./split64.ts";
import { powCases } from "./pow.ts";

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** A sum of two numbers, the second far smaller. */
interface Pair {
  readonly high: VectorLocal;
  readonly low: VectorLocal;
}

/** a + b exactly (Knuth). */
function sum(m: Lanes, a: VectorLocal, b: VectorLocal): Pair {
  const high = m.let(m.add(a, b));
  const back = m.let(m.sub(high, a));
  return { high, low: m.let(m.add(m.sub(a, m.sub(high, back)), m.sub(b, back))) };
}

/** a·b exactly (Dekker), without counting on fused multiply-add, which relaxed SIMD does not promise. */
function product(m: Lanes, a: VectorLocal, b: VectorLocal): Pair {
  const halves = (x: VectorLocal): Pair => {
    const t = m.let(m.mul(x, m.c(2 ** 27 + 1)));
    const high = m.let(m.sub(t, m.sub(t, x)));
    return { high, low: m.let(m.sub(x, high)) };
  };
  const [x, y] = [halves(a), halves(b)];
  const high = m.let(m.mul(a, b));
  const cross = m.add(m.sub(m.mul(x.high, y.high), high), m.mul(x.high, y.low));
  return { high, low: m.let(m.add(m.add(cross, m.mul(x.low, y.high)), m.mul(x.low, y.low))) };
}

/** log|x| as a pair, to about 2⁻⁶⁵: 2s + ⅔s³ as pairs, the terms from s⁵ on as numbers. */
function logPair(m: Lanes, x: VectorLocal): Pair {
  const tiny = m.let(m.lt(x, m.c(2 ** -1022)));
  const parts = split(m, m.choose(tiny, m.mul(x, m.c(2 ** 54)), x));
  const k = m.let(m.choose(tiny, m.sub(m.let(parts.k), m.c(54)), m.let(parts.k)));
  const f = m.let(m.sub(parts.mantissa, m.c(1)));
  const bottom = m.let(m.add(f, m.c(2)));
  const bottomLost = m.sub(f, m.sub(bottom, m.c(2)));
  const s = m.let(m.div(f, bottom));
  const back = product(m, s, bottom);
  const sLow = m.let(m.div(m.sub(m.sub(m.sub(f, back.high), back.low), m.mul(s, bottomLost)), bottom));
  const square = product(m, s, s);
  const zLow = m.let(m.add(square.low, m.mul(m.mul(m.c(2), s), sLow)));
  const cube = product(m, s, square.high);
  const cubeLow = m.let(m.add(cube.low, m.add(m.mul(s, zLow), m.mul(sLow, square.high))));
  const third = product(m, cube.high, m.c(2 / 3));
  const thirdLow = m.add(
    third.low,
    m.add(m.mul(cube.high, m.c(3.700743415417188e-17)), m.mul(cubeLow, m.c(2 / 3))),
  );
  const z = square.high;
  const tail = m.mul(m.mul(cube.high, z), m.polynomial(z, LOG_F64.slice(1)));
  const first = sum(m, m.let(m.mul(k, m.c(LN2_HIGH))), m.let(m.add(s, s)));
  const second = sum(m, first.high, third.high);
  const low = m.add(
    m.add(m.add(first.low, second.low), m.add(sLow, sLow)),
    m.add(thirdLow, m.madd(k, m.c(LN2_LOW), tail)),
  );
  return sum(m, second.high, m.let(low));
}

/** x^y in f64: e^(y·log|x|) with the logarithm and the product as pairs. */
export function powDouble(m: Lanes, x: VectorLocal, y: VectorLocal): Vector {
  const logarithm = logPair(m, m.let(m.abs(x)));
  // No number but 1 has a logarithm that a larger exponent would not send out of range.
  const power = m.let(m.pmax(m.pmin(y, m.c(2 ** 100)), m.c(-(2 ** 100))));
  const exponent = product(m, power, logarithm.high);
  const low = m.add(exponent.low, m.mul(power, logarithm.low));
  const inside = m.let(m.pmax(m.pmin(exponent.high, m.c(711)), m.c(-746)));
  const lost = m.let(m.choose(m.eq(inside, exponent.high), low, m.c(0)));
  return powCases(m, x, y, expSum(m, inside, lost));
}
