import { v128 } from "../emit/index.ts";
import { ASIN_F64, ATAN_F64 } from "./coefficients/angles.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";

const PI_LOW = 1.2246467991473532e-16;

/** For each reduction of atan: its upper end, the angle it subtracts, and the rounding error of the angle. */
const STEPS = [
  { limit: 7 / 16, angle: 0.4636476090008061, lost: 2.2698777452961687e-17 },
  { limit: 11 / 16, angle: Math.PI / 4, lost: PI_LOW / 4 },
  { limit: 19 / 16, angle: 0.982793723247329, lost: 1.3903311031230998e-17 },
  { limit: 39 / 16, angle: Math.PI / 2, lost: PI_LOW / 2 },
] as const;

/** atan(y / x) for numbers y ≥ 0, x > 0, as atan c + atan((y − c·x) / (x + c·y)) with c of 0, ½, 1, 3/2, ∞. */
function atanQuotient(m: Lanes, y: VectorLocal, x: VectorLocal, ratio: VectorLocal): Vector {
  const [half, one, wide, huge] = STEPS;
  const past = STEPS.map(({ limit }) => m.let(m.ge(ratio, m.c(limit))));
  const [p0 = y, p1 = y, p2 = y, p3 = y] = past;
  const rows = [
    { mask: p0, top: m.sub(m.add(y, y), x), bottom: m.add(m.add(x, x), y), ...half },
    { mask: p1, top: m.sub(y, x), bottom: m.add(x, y), ...one },
    { mask: p2, top: m.sub(y, m.mul(x, m.c(1.5))), bottom: m.madd(y, m.c(1.5), x), ...wide },
    { mask: p3, top: m.neg(x), bottom: y, ...huge },
  ];
  const pick = (start: Vector, value: (row: (typeof rows)[number]) => Vector): VectorLocal =>
    m.let(rows.reduce((sum, row) => m.choose(row.mask, value(row), sum), start));
  const t = m.let(
    m.div(
      pick(y, (row) => row.top),
      pick(x, (row) => row.bottom),
    ),
  );
  const angle = pick(m.c(0), (row) => m.c(row.angle));
  const lost = pick(m.c(0), (row) => m.c(row.lost));
  const z = m.let(m.mul(t, t));
  return m.add(angle, m.add(t, m.madd(m.mul(t, z), m.polynomial(z, ATAN_F64), lost)));
}

export function atan(m: Lanes, x: VectorLocal): Vector {
  // Beyond 2⁶⁰ the angle is π/2; ∞ would be ∞ / ∞.
  const magnitude = m.let(m.pmin(m.abs(x), m.c(2 ** 60)));
  const y = atanQuotient(m, magnitude, m.let(m.c(1)), magnitude);
  return m.withSign(m.choose(m.lt(magnitude, m.c(2 ** -30)), magnitude, y), x);
}

/** The angle of (x, y) by quadrants; zeros and infinities as IEEE 754 has them. */
export function atan2(m: Lanes, y: VectorLocal, x: VectorLocal): Vector {
  const [top, bottom] = [m.let(m.abs(y)), m.let(m.abs(x))];
  const infinity = m.c(Infinity);
  // ∞ / ∞ counts as 1 / 1, 0 / 0 as 0 / 1; both scaled, so that neither sums nor the quotient overflow.
  const both = m.let(v128.and(m.eq(top, infinity), m.eq(bottom, infinity)));
  const big = m.let(v128.or(m.gt(top, m.c(2 ** 1000)), m.gt(bottom, m.c(2 ** 1000))));
  const small = v128.and(m.lt(top, m.c(2 ** -900)), m.lt(bottom, m.c(2 ** -900)));
  const scale = m.let(m.choose(big, m.c(2 ** -100), m.choose(small, m.c(2 ** 120), m.c(1))));
  const one = m.c(1);
  const ys = m.let(m.choose(both, one, m.mul(top, scale)));
  const scaledX = m.mul(bottom, scale);
  const xs = m.let(m.choose(both, one, scaledX));
  const ratio = m.let(m.div(ys, xs));
  const steep = m.let(m.gt(ratio, m.c(2 ** 60)));
  const flat = m.let(v128.or(m.lt(ratio, m.c(2 ** -30)), m.eq(ys, m.c(0))));
  const general = atanQuotient(m, ys, xs, ratio);
  const level = m.choose(m.eq(ys, m.c(0)), m.c(0), ratio);
  const angle = m.let(m.choose(steep, m.c(Math.PI / 2), m.choose(flat, level, general)));
  const behind = m.add(m.sub(m.c(Math.PI), m.sub(angle, m.c(PI_LOW))), m.c(0));
  // The sign bit decides, so that −0 is behind.
  const left = m.lt(m.withSign(one, x), m.c(0));
  const signed = m.withSign(m.choose(left, behind, angle), y);
  const isNumber = v128.and(m.eq(x, x), m.eq(y, y));
  return m.choose(isNumber, signed, m.c(NaN));
}

/** asin(x) = x + x³·P(x²) for |x| ≤ ½. */
const asinRest = (m: Lanes, z: VectorLocal): Vector => m.mul(z, m.polynomial(z, ASIN_F64));

interface ArcParts {
  readonly magnitude: VectorLocal;
  readonly large: VectorLocal;
  /** P·x² of x, or of √((1 − |x|) / 2) where |x| > ½; NaN beyond 1. */
  readonly rest: VectorLocal;
  readonly root: VectorLocal;
  /** The rounding error of the root. */
  readonly lost: VectorLocal;
}

function arcParts(m: Lanes, x: VectorLocal): ArcParts {
  const magnitude = m.let(m.abs(x));
  const large = m.let(m.gt(magnitude, m.c(0.5)));
  const w = m.let(m.mul(m.sub(m.c(1), magnitude), m.c(0.5)));
  const root = m.let(m.sqrt(w));
  // w − root² with root in two halves, whose squares are exact; 0 / 0 at |x| = 1.
  const high = m.let(v128.and(root, m.body.i64x2(-0x100000000n)));
  const lost = m.div(m.nmadd(high, high, w), m.add(root, high));
  const z = m.let(m.choose(large, w, m.mul(x, x)));
  return {
    magnitude,
    large,
    rest: m.let(asinRest(m, z)),
    root: high,
    lost: m.let(m.choose(m.eq(w, m.c(0)), m.c(0), lost)),
  };
}

/** 2·asin(√((1 − |x|) / 2)), the arc from |x| to 1. */
const arcToOne = (
  m: Lanes,
  { root, lost, rest }: ArcParts,
): { readonly high: Vector; readonly low: Vector } => ({
  high: m.add(root, root),
  low: m.let(m.mul(m.c(2), m.madd(m.add(root, lost), rest, lost))),
});

export function asin(m: Lanes, x: VectorLocal): Vector {
  const parts = arcParts(m, x);
  const { high, low } = arcToOne(m, parts);
  // π/2 − arc, with the parts that are exact first.
  const near1 = m.add(m.sub(m.c(Math.PI / 2), high), m.sub(m.c(PI_LOW / 2), low));
  const near0 = m.madd(parts.magnitude, parts.rest, parts.magnitude);
  return m.withSign(m.choose(parts.large, near1, near0), x);
}

export function acos(m: Lanes, x: VectorLocal): Vector {
  const parts = arcParts(m, x);
  const { high, low } = arcToOne(m, parts);
  const right = m.let(m.add(high, low));
  const left = m.sub(m.sub(m.c(Math.PI), high), m.sub(low, m.c(PI_LOW)));
  const near1 = m.choose(m.lt(x, m.c(0)), left, right);
  const near0 = m.sub(m.c(Math.PI / 2), m.sub(x, m.nmadd(x, parts.rest, m.c(PI_LOW / 2))));
  return m.choose(parts.large, near1, near0);
}
