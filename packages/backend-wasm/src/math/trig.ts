import { type Callee, call, f32x4, f64x2, i32, i32x4, i64, i64x2, v128 } from "../emit/index.ts";
import { COS_F32, COS_F64, SIN_F32, SIN_F64 } from "./coefficients/angles.ts";
import type { HugeReduction } from "./huge.ts";
import { type Lanes, type Vector, type VectorLocal, doubles } from "./lanes.ts";

/** π/2 in three parts; products of the first two with numbers up to 2²⁰ are exact. */
const PIO2_1 = 1.5707963267341256;
const PIO2_2 = 6.077100506303966e-11;
const PIO2_3 = 2.0222662487959506e-21;
const ROUNDER = 1.5 * 2 ** 52;
/** Up to here three parts of π/2 are enough. */
const LIMIT = 1.6e6;

/** x − n·π/2 as r + lost, with n in the low bits of each 64. */
interface Angle {
  readonly r: VectorLocal;
  readonly lost: VectorLocal;
  readonly n: VectorLocal;
}

function reduceSmall(m: Lanes, x: VectorLocal): Angle {
  const shifted = m.let(m.madd(x, m.c(2 / Math.PI), m.c(ROUNDER)));
  const k = m.let(m.sub(shifted, m.c(ROUNDER)));
  const first = m.let(m.nmadd(k, m.c(PIO2_1), x));
  const second = m.let(m.mul(k, m.c(PIO2_2)));
  const high = m.let(m.sub(first, second));
  // The rounding error of `high`, by Møller and Knuth: the second part may be the larger one.
  const back = m.let(m.sub(first, high));
  const rest = m.let(
    m.sub(m.add(m.sub(first, m.add(high, back)), m.sub(back, second)), m.mul(k, m.c(PIO2_3))),
  );
  const r = m.let(m.add(high, rest));
  return { r, lost: m.let(m.add(m.sub(high, r), rest)), n: shifted };
}

function reduce(m: Lanes, x: VectorLocal, huge: HugeReduction): Angle {
  const angle = reduceSmall(m, x);
  const magnitude = m.let(m.abs(x));
  const outside = m.let(v128.and(m.gt(magnitude, m.c(LIMIT)), m.lt(magnitude, m.c(Infinity))));
  m.body.if(v128.anyTrue(outside), () => {
    for (const lane of [0, 1]) {
      m.body.if(i64.ne(i64x2.extractLane(outside, lane), i64.const(0n)), () => {
        const reduced = m.let(call(huge, f64x2.extractLane(x, lane)));
        m.body.set(angle.r, f64x2.replaceLane(angle.r, lane, f64x2.extractLane(reduced, 0)));
        m.body.set(angle.n, i64x2.replaceLane(angle.n, lane, i64x2.extractLane(reduced, 1)));
        m.body.set(angle.lost, i64x2.replaceLane(angle.lost, lane, i64x2.extractLane(reduced, 1)));
      });
    }
  });
  return angle;
}

/** Sine and cosine of r + lost, |r| ≤ π/4. */
function kernels(m: Lanes, { r, lost }: Angle): { readonly sine: VectorLocal; readonly cosine: VectorLocal } {
  const z = m.let(m.mul(r, r));
  const cube = m.mul(z, r);
  const sine = m.let(
    m.add(r, m.madd(cube, m.polynomial(z, SIN_F64), m.nmadd(m.mul(z, m.c(0.5)), lost, lost))),
  );
  const half = m.let(m.mul(z, m.c(0.5)));
  const w = m.let(m.sub(m.c(1), half));
  const tail = m.nmadd(r, lost, m.mul(m.mul(z, z), m.polynomial(z, COS_F64)));
  return { sine, cosine: m.let(m.add(w, m.add(m.sub(m.sub(m.c(1), w), half), tail))) };
}

/** All ones where n is odd. */
const odd = (m: Lanes, n: Vector): Vector => i64x2.neg(v128.and(n, m.body.i64x2(1n)));
/** The sign bit where n mod 4 is 2 or 3. */
const lower = (m: Lanes, n: Vector): Vector => v128.and(i64x2.shl(n, i32.const(62)), m.signBit);

/** sin(x + turns·π/2). */
function shiftedSine(m: Lanes, x: VectorLocal, huge: HugeReduction, turns: bigint): Vector {
  const angle = reduce(m, x, huge);
  const { sine, cosine } = kernels(m, angle);
  const n = turns === 0n ? angle.n : m.let(i64x2.add(angle.n, m.body.i64x2(turns)));
  return v128.xor(m.choose(odd(m, n), cosine, sine), lower(m, n));
}

export const sin64 = (m: Lanes, x: VectorLocal, huge: HugeReduction): Vector =>
  m.choose(m.lt(m.abs(x), m.c(2 ** -27)), x, shiftedSine(m, x, huge, 0n));
export const cos64 = (m: Lanes, x: VectorLocal, huge: HugeReduction): Vector => shiftedSine(m, x, huge, 1n);

export function tan64(m: Lanes, x: VectorLocal, huge: HugeReduction): Vector {
  const angle = reduce(m, x, huge);
  const { sine, cosine } = kernels(m, angle);
  const swap = m.let(odd(m, angle.n));
  const y = m.div(m.choose(swap, m.neg(cosine), sine), m.choose(swap, sine, cosine));
  return m.choose(m.lt(m.abs(x), m.c(2 ** -27)), x, y);
}

/**
 * sin(x + turns·π/2) of four f32: the reduction in f64, the polynomials in f32. `whole` is the same function on two
 * f64, for vectors with an argument beyond the limit.
 */
export function shiftedSine32(
  m: Lanes,
  x: VectorLocal,
  turns: number,
  whole: Callee<readonly ["v128"], "v128">,
): Vector {
  const d = doubles(m.body, m.fused);
  const part = (vector: Vector): Angle => {
    const wide = m.let(f64x2.promoteLowF32x4(vector));
    const n = m.let(d.madd(wide, d.c(2 / Math.PI), d.c(ROUNDER)));
    const k = m.let(d.sub(n, d.c(ROUNDER)));
    const r = m.let(d.nmadd(k, d.c(PIO2_2), d.nmadd(k, d.c(PIO2_1), wide)));
    return { r, lost: r, n };
  };
  const upper = (vector: Vector): Vector => i32x4.shuffle(vector, vector, [2, 3, 2, 3]);
  const [low, high] = [part(x), part(upper(x))];
  const join = (a: Vector, b: Vector): Vector => i32x4.shuffle(a, b, [0, 1, 4, 5]);
  const r = m.let(join(f32x4.demoteF64x2Zero(low.r), f32x4.demoteF64x2Zero(high.r)));
  const n = m.let(i32x4.add(i32x4.shuffle(low.n, high.n, [0, 2, 4, 6]), m.body.i32x4(turns)));
  const z = m.let(m.mul(r, r));
  const sine = m.madd(m.mul(z, r), m.polynomial(z, SIN_F32), r);
  const cosine = m.madd(m.mul(z, z), m.polynomial(z, COS_F32), m.nmadd(z, m.c(0.5), m.c(1)));
  const swap = i32x4.shrS(i32x4.shl(n, i32.const(31)), i32.const(31));
  const result = m.let(
    v128.xor(m.choose(swap, cosine, sine), v128.and(i32x4.shl(n, i32.const(30)), m.signBit)),
  );
  if (turns % 2 === 0) m.body.set(result, m.choose(m.lt(m.abs(x), m.c(2 ** -13)), x, result));
  const outside = m.let(v128.and(m.gt(m.abs(x), m.c(LIMIT)), m.lt(m.abs(x), m.c(Infinity))));
  m.body.if(v128.anyTrue(outside), () => {
    const halves = [x, upper(x)].map((half) =>
      f32x4.demoteF64x2Zero(call(whole, f64x2.promoteLowF32x4(half))),
    );
    const [a = x, b = x] = halves;
    m.body.set(result, m.choose(outside, join(a, b), result));
  });
  return result;
}
