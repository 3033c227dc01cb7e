/**
 * Arithmetic on intervals, one element at a time, without making objects: each function leaves its result in `out`.
 * Source: Moore, Kearfott, Cloud, "Introduction to Interval Analysis" (2009), chapters 2 and 5.
 */
export const out = { low: 0, high: 0, nan: 0 };

export function set(low: number, high: number, nan: number): void {
  if (Number.isNaN(low) || Number.isNaN(high)) {
    setAny();
    return;
  }
  out.low = low;
  out.high = high;
  out.nan = nan;
}

export function setNaN(): void {
  out.low = NaN;
  out.high = NaN;
  out.nan = 1;
}

export function setAny(): void {
  out.low = -Infinity;
  out.high = Infinity;
  out.nan = 1;
}

/** A single value, certainly NaN if it is NaN. */
export function setExact(value: number): void {
  out.low = value;
  out.high = value;
  out.nan = Number.isNaN(value) ? 1 : 0;
}

/** The smallest interval around a function's values at the corners of a box. */
export function corners(
  f: (a: number, b: number) => number,
  [al, ah, bl, bh]: readonly [number, number, number, number],
  nan: number,
): void {
  const [p, q, r, s] = [f(al, bl), f(al, bh), f(ah, bl), f(ah, bh)];
  set(Math.min(p, q, r, s), Math.max(p, q, r, s), nan);
}

const hasZero = (low: number, high: number): boolean => low <= 0 && high >= 0;
const hasInfinity = (low: number, high: number): boolean => low === -Infinity || high === Infinity;

export function add(al: number, ah: number, bl: number, bh: number, nan: number): void {
  const cancels = (ah === Infinity && bl === -Infinity) || (al === -Infinity && bh === Infinity);
  const [low, high] = [al + bl, ah + bh];
  out.low = Number.isNaN(low) ? -Infinity : low;
  out.high = Number.isNaN(high) ? Infinity : high;
  out.nan = cancels ? 1 : nan;
}

export function multiply(al: number, ah: number, bl: number, bh: number, nan: number): void {
  const undefinedProduct =
    (hasZero(al, ah) && hasInfinity(bl, bh)) || (hasZero(bl, bh) && hasInfinity(al, ah));
  if (undefinedProduct) setAny();
  else {
    const [p, q, r, s] = [al * bl, al * bh, ah * bl, ah * bh];
    set(Math.min(p, q, r, s), Math.max(p, q, r, s), nan);
  }
}

export function divide(al: number, ah: number, bl: number, bh: number, nan: number): void {
  if (hasZero(bl, bh) || (hasInfinity(al, ah) && hasInfinity(bl, bh))) setAny();
  else {
    const [p, q, r, s] = [al / bl, al / bh, ah / bl, ah / bh];
    set(Math.min(p, q, r, s), Math.max(p, q, r, s), nan);
  }
}
