import { rowMajorStrides } from "@adjoint/ir/values";

/** offset + Σ stride·coordinate over the axes of a kernel's iteration domain. */
export interface Affine {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Holds if 0 ≤ affine < limit. */
export interface Guard extends Affine {
  readonly limit: number;
}

/** The way a kernel reads a buffer: a position for each point of its domain, and the conditions under which it exists. */
export interface IndexMap extends Affine {
  readonly guards: readonly Guard[];
}

/** A tensor's coordinates as functions of the domain's, one for each of its axes. */
export interface Access {
  readonly domain: readonly number[];
  readonly coordinates: readonly Affine[];
  readonly guards: readonly Guard[];
}

export const fixed = (offset: number, rank: number): Affine => ({
  offset,
  strides: Array.from({ length: rank }, () => 0),
});

export const axisOf = (axis: number, rank: number): Affine => ({
  offset: 0,
  strides: Array.from({ length: rank }, (_, index) => (index === axis ? 1 : 0)),
});

export const scaled = (a: Affine, factor: number, shift = 0): Affine => ({
  offset: a.offset * factor + shift,
  strides: a.strides.map((stride) => stride * factor),
});

export const plus = (a: Affine, b: Affine): Affine => ({
  offset: a.offset + b.offset,
  strides: a.strides.map((stride, axis) => stride + (b.strides[axis] ?? 0)),
});

export const equalAffine = (a: Affine, b: Affine): boolean =>
  a.offset === b.offset &&
  a.strides.length === b.strides.length &&
  a.strides.every((stride, axis) => stride === b.strides[axis]);

/** start + Σ coordinate·stride: the position of the coordinates in a strided layout. */
export function position(
  coordinates: readonly Affine[],
  strides: readonly number[],
  rank: number,
  start = 0,
): Affine {
  const sum = Array.from({ length: rank }, () => 0);
  let offset = start;
  // Most of a compilation's index maps are made here, so nothing is made in between.
  for (let index = 0; index < coordinates.length; index++) {
    const [coordinate, factor] = [coordinates[index], strides[index] ?? 0];
    if (coordinate === undefined) continue;
    offset += coordinate.offset * factor;
    for (let axis = 0; axis < rank; axis++)
      sum[axis] = (sum[axis] ?? 0) + (coordinate.strides[axis] ?? 0) * factor;
  }
  return { offset, strides: sum };
}

/** The smallest and largest value over a domain that is not empty. */
export function rangeOf(a: Affine, domain: readonly number[]): readonly [number, number] {
  let [low, high] = [a.offset, a.offset];
  a.strides.forEach((stride, axis) => {
    const reach = stride * ((domain[axis] ?? 1) - 1);
    if (reach < 0) low += reach;
    else high += reach;
  });
  return [low, high];
}

/** The identity on a shape: the domain is the shape itself. */
export const identity = (shape: readonly number[]): Access => ({
  domain: shape,
  coordinates: shape.map((_, axis) => axisOf(axis, shape.length)),
  guards: [],
});

/** The affine with its axes replaced by functions of another domain. */
export function substitute(a: Affine, axes: readonly Affine[], rank: number): Affine {
  return position(axes, a.strides, rank, a.offset);
}

/** Guards that can fail; those that always hold are dropped. */
export const needed = (guards: readonly Guard[], domain: readonly number[]): readonly Guard[] =>
  guards.filter((guard, index) => {
    const [low, high] = rangeOf(guard, domain);
    const repeated =
      guards.findIndex((other) => other.limit === guard.limit && equalAffine(other, guard)) < index;
    return !repeated && (low < 0 || high >= guard.limit);
  });

/**
 * Coordinates in `to` of the element that has these coordinates in `from`, if both are shapes of one row-major
 * sequence. Undefined if a coordinate is not an affine function of the domain.
 */
export function reshaped(
  coordinates: readonly Affine[],
  from: readonly number[],
  to: readonly number[],
  domain: readonly number[],
): readonly Affine[] | undefined {
  const rank = domain.length;
  // Nothing is read from an empty domain.
  if (domain.includes(0) || from.includes(0)) return to.map(() => fixed(0, rank));
  const result: Affine[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    // The smallest blocks of axes on both sides that hold equally many elements.
    const [firstFrom, firstTo] = [i, j];
    let [sizeFrom, sizeTo] = [from[i++] ?? 1, to[j++] ?? 1];
    while (sizeFrom !== sizeTo) {
      if (sizeFrom < sizeTo) sizeFrom *= from[i++] ?? 1;
      else sizeTo *= to[j++] ?? 1;
      if (i > from.length + 1 || j > to.length + 1) return undefined;
    }
    const block = from.slice(firstFrom, i);
    const linear = position(coordinates.slice(firstFrom, i), rowMajorStrides(block), rank);
    const split = splitInto(linear, to.slice(firstTo, j), domain);
    if (split === undefined) return undefined;
    result.push(...split);
  }
  return result.slice(0, to.length);
}

/** A linear position as coordinates of a shape, innermost first: quotients and remainders that stay affine. */
function splitInto(
  linear: Affine,
  shape: readonly number[],
  domain: readonly number[],
): readonly Affine[] | undefined {
  const coordinates: Affine[] = [];
  let rest = linear;
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const size = shape[axis] ?? 1;
    const divided = divide(rest, size, domain);
    if (divided === undefined) return undefined;
    coordinates.unshift(divided.remainder);
    rest = divided.quotient;
  }
  if (shape.length > 0) coordinates.unshift(rest);
  return coordinates;
}

/** Quotient and remainder of an affine by a number, if the parts that are not multiples of it stay below it. */
function divide(
  a: Affine,
  by: number,
  domain: readonly number[],
): { readonly quotient: Affine; readonly remainder: Affine } | undefined {
  const rest = ((a.offset % by) + by) % by;
  const small = a.strides.map((stride, axis) =>
    (domain[axis] ?? 1) === 1 || stride % by === 0 ? 0 : stride,
  );
  const remainder: Affine = { offset: rest, strides: small };
  const [low, high] = rangeOf(remainder, domain);
  if (low < 0 || high >= by) return undefined;
  return {
    quotient: {
      offset: (a.offset - rest) / by,
      strides: a.strides.map((stride, axis) => (small[axis] === 0 && stride % by === 0 ? stride / by : 0)),
    },
    remainder,
  };
}
