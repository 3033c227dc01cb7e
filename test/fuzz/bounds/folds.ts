import type { AttributesOf, Node } from "@adjoint/ir/graph";
import { type TensorValue, isFloat, rowMajorStrides } from "@adjoint/ir/values";
import {
  type Arithmetic,
  type Bounds,
  anything,
  at,
  bounds,
  epsilons,
  exactly,
  isExactAt,
  largest,
  rounded,
} from "./bounds.ts";
import { multiply, out } from "./interval.ts";

/** Half a unit in the last place of what sums of a type are held in, relative. */
const sumUnit = (dtype: TensorValue["dtype"], { doubles }: Arithmetic): number =>
  dtype === "f64" || doubles ? 2 ** -53 : 2 ** -24;

/** For each element of a shape, the result of a reduction over `axes` that it goes to. */
function resultOf(shape: readonly number[], axes: readonly number[]): Int32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  const own = rowMajorStrides(shape);
  const kept = [...shape.keys()].filter((axis) => !axes.includes(axis));
  const target = rowMajorStrides(kept.map((axis) => shape[axis] ?? 1));
  const result = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    let place = 0;
    for (const [position, axis] of kept.entries())
      place += (Math.floor(index / (own[axis] ?? 1)) % (shape[axis] ?? 1)) * (target[position] ?? 1);
    result[index] = place;
  }
  return result;
}

/** Interval sums: the ends, and how far adding in any order may be off. */
export class Sums {
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly #magnitude: Float64Array;
  /** That of the terms which are finite. */
  readonly #finite: Float64Array;
  readonly #count: Float64Array;
  /** 1 if NaN may come in, 2 if it does. */
  readonly #nan: Uint8Array;

  constructor(results: number) {
    this.low = new Float64Array(results);
    this.high = new Float64Array(results);
    this.#magnitude = new Float64Array(results);
    this.#finite = new Float64Array(results);
    this.#count = new Float64Array(results);
    this.#nan = new Uint8Array(results);
  }

  add(result: number, low: number, high: number, nan: number): void {
    if (Number.isNaN(low)) this.#nan[result] = 2;
    else {
      if (nan !== 0 && this.#nan[result] === 0) this.#nan[result] = 1;
      this.low[result] = at(this.low, result) + low;
      this.high[result] = at(this.high, result) + high;
      const most = Math.max(Math.abs(low), Math.abs(high));
      this.#magnitude[result] = at(this.#magnitude, result) + most;
      if (most < Infinity) this.#finite[result] = at(this.#finite, result) + most;
    }
    this.#count[result] = at(this.#count, result) + 1;
  }

  /** Starts a result where another one is. */
  copy(from: number, to: number): void {
    for (const list of [this.low, this.high, this.#magnitude, this.#finite, this.#count])
      list[to] = at(list, from);
    this.#nan[to] = this.#nan[from] ?? 0;
  }

  /** @param extra further relative error of the magnitudes' sum, where parts of it are rounded to the type itself. */
  finish(value: TensorValue, arithmetic: Arithmetic, extra = 0): Bounds {
    const { dtype } = value;
    const unit = sumUnit(dtype, arithmetic);
    const inSteps = dtype === "f64" || arithmetic.doubles ? Number.MAX_VALUE / 2 : 2 ** 127;
    // Parts that are rounded to the type may leave its range where the sum does not.
    const most = extra > 0 ? Math.min(inSteps, (largest[dtype] ?? Infinity) / 2) : inSteps;
    const isExact = exactly(value).low;
    const [low, high, nan] = [this.low.slice(), this.high.slice(), new Uint8Array(this.low.length)];
    for (let index = 0; index < low.length; index++) {
      const magnitude = at(this.#magnitude, index);
      const state = at(this.#nan, index);
      // Finite terms that overflow beside an infinite one may be infinite of the other sign.
      const isWithin = at(this.#finite, index) < most;
      const [l, h] = [at(low, index), at(high, index)];
      if (state === 2) low[index] = high[index] = NaN;
      else if (magnitude === Infinity && isWithin && l === h && Math.abs(l) === Infinity && state === 0) {
        // Infinite terms of one sign; the other terms are finite in any order.
      } else if (
        magnitude === Infinity &&
        Number.isNaN(l) &&
        Number.isNaN(h) &&
        Number.isNaN(at(isExact, index))
      ) {
        low[index] = high[index] = NaN;
      } else if (!(magnitude < most)) {
        low[index] = -Infinity;
        high[index] = Infinity;
        nan[index] = 1;
        continue;
      } else {
        // The sum of what is repeated may be the rounded sum of one, times their number.
        const repeated = Math.max(Math.abs(l), Math.abs(h)) * (epsilons[dtype] ?? 0);
        const error =
          at(this.#count, index) <= 1 ? 0 : repeated + magnitude * (at(this.#count, index) * unit + extra);
        // A sum of sums may be one sum, whose parts are not rounded.
        low[index] = Math.min(l - error, rounded(dtype, l - error));
        high[index] = Math.max(h + error, rounded(dtype, h + error));
      }
      nan[index] = state > 0 || Number.isNaN(at(low, index)) ? 1 : 0;
    }
    return bounds(value, low, high, nan);
  }
}

type Reduction = "reduceSum" | "reduceProd" | "reduceMax" | "reduceMin";
type FoldRule<N extends Reduction> = (
  x: Bounds,
  node: Node<AttributesOf<N>>,
  value: TensorValue,
  arithmetic: Arithmetic,
) => Bounds;

const intervalsOnly =
  <N extends Reduction>(rule: FoldRule<N>): FoldRule<N> =>
  (x, node, value, arithmetic) => {
    if (isFloat(value.dtype)) return rule(x, node, value, arithmetic);
    return x.exact ? exactly(value) : anything(value);
  };

const sum: FoldRule<"reduceSum"> = (x, node, value, arithmetic) => {
  const results = resultOf(x.value.shape, node.attributes.axes);
  const sums = new Sums(value.data.length);
  for (let index = 0; index < results.length; index++)
    sums.add(at(results, index), at(x.low, index), at(x.high, index), at(x.nan, index));
  return sums.finish(value, arithmetic);
};

const product: FoldRule<"reduceProd"> = (x, node, value, arithmetic) => {
  const results = resultOf(x.value.shape, node.attributes.axes);
  const products = new Products(value.data.length);
  for (let index = 0; index < results.length; index++) products.add(at(results, index), x, index);
  return products.finish(value, arithmetic);
};

/** Products of intervals; anything if some of the factors alone leave the range of the type they are held in. */
export class Products {
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #nan: Uint8Array;
  readonly #terms: Float64Array;
  /** Logarithms of the products of the factors above 1 and of those below. */
  readonly #grown: Float64Array;
  readonly #shrunk: Float64Array;
  /** 1 if a factor is not exact. */
  readonly #loose: Uint8Array;

  constructor(results: number) {
    this.#low = new Float64Array(results).fill(1);
    this.#high = new Float64Array(results).fill(1);
    this.#nan = new Uint8Array(results);
    this.#terms = new Float64Array(results);
    this.#grown = new Float64Array(results);
    this.#shrunk = new Float64Array(results);
    this.#loose = new Uint8Array(results);
  }

  add(result: number, x: Bounds, index: number): void {
    const [low, high] = [at(x.low, index), at(x.high, index)];
    if (!isExactAt(low, high, at(x.nan, index))) this.#loose[result] = 1;
    this.#terms[result] = at(this.#terms, result) + 1;
    if (Number.isNaN(low) || Number.isNaN(at(this.#low, result))) {
      this.#low[result] = this.#high[result] = NaN;
      return;
    }
    const most = Math.log2(Math.max(Math.abs(low), Math.abs(high)));
    const least = Math.log2(Math.min(Math.abs(low), Math.abs(high)));
    if (Number.isFinite(most)) this.#grown[result] = at(this.#grown, result) + Math.max(0, most);
    if (Number.isFinite(least)) this.#shrunk[result] = at(this.#shrunk, result) + Math.min(0, least);
    multiply(
      at(this.#low, result),
      at(this.#high, result),
      low,
      high,
      at(this.#nan, result) | at(x.nan, index),
    );
    this.#low[result] = out.low;
    this.#high[result] = out.high;
    this.#nan[result] = out.nan;
  }

  /** Starts a result where another one is. */
  copy(from: number, to: number): void {
    for (const list of [this.#low, this.#high, this.#terms, this.#grown, this.#shrunk])
      list[to] = at(list, from);
    for (const list of [this.#nan, this.#loose]) list[to] = at(list, from);
  }

  /** @param step relative error of each step, where it is rounded to the type itself and may leave its range. */
  finish(value: TensorValue, arithmetic: Arithmetic, step = 0): Bounds {
    const { dtype } = value;
    const own = exactly(value).low;
    const inSteps = dtype === "f64" || (arithmetic.doubles && step === 0) ? 1020 : 126;
    const [ceiling, floor] = dtype === "f16" && step > 0 ? [15, -14] : [inSteps, -inSteps];
    const unit = Math.max(step, sumUnit(dtype, arithmetic));
    const [low, high, nan] = [this.#low, this.#high, this.#nan];
    for (let index = 0; index < low.length; index++) {
      const isSpecial = at(this.#loose, index) === 0 && !Number.isFinite(at(own, index));
      const terms = at(this.#terms, index);
      const inRange = terms <= 1 || (at(this.#grown, index) < ceiling && at(this.#shrunk, index) > floor);
      if (isSpecial && inRange && (Number.isNaN(at(own, index)) || Math.abs(at(low, index)) === Infinity)) {
        low[index] = high[index] = at(own, index);
      } else if (!inRange) {
        low[index] = -Infinity;
        high[index] = Infinity;
        nan[index] = 1;
      } else if (!Number.isNaN(at(low, index))) {
        const error = terms <= 1 ? 0 : 2 * terms * unit;
        const wide = (end: number, sign: number): number => {
          const moved = end + sign * Math.abs(end) * error;
          if (Number.isNaN(moved)) return end;
          // A product of products may be one, whose parts are not rounded.
          return sign * Math.max(sign * moved, sign * rounded(dtype, moved));
        };
        low[index] = wide(at(low, index), -1);
        high[index] = wide(at(high, index), 1);
      }
      if (Number.isNaN(at(low, index))) nan[index] = 1;
    }
    return bounds(value, low, high, nan);
  }
}

const extreme =
  <N extends "reduceMax" | "reduceMin">(join: (a: number, b: number) => number, start: number): FoldRule<N> =>
  (x, node, value) => {
    if (x.exact) return exactly(value);
    const results = resultOf(x.value.shape, node.attributes.axes);
    const count = value.data.length;
    const [low, high, nan] = [
      new Float64Array(count).fill(start),
      new Float64Array(count).fill(start),
      new Uint8Array(count),
    ];
    for (let index = 0; index < results.length; index++) {
      const result = at(results, index);
      low[result] = join(at(low, result), at(x.low, index));
      high[result] = join(at(high, result), at(x.high, index));
      nan[result] = at(nan, result) | at(x.nan, index);
    }
    return bounds(value, low, high, nan);
  };

export const foldRules: { readonly [N in Reduction]: FoldRule<N> } = {
  reduceSum: intervalsOnly(sum),
  reduceProd: intervalsOnly(product),
  reduceMax: intervalsOnly(extreme<"reduceMax">(Math.max, -Infinity)),
  reduceMin: intervalsOnly(extreme<"reduceMin">(Math.min, Infinity)),
};

/** The place of an extreme is certain if no other element can reach it. */
export function placeOfExtreme(x: Bounds, axis: number, value: TensorValue, isMax: boolean): Bounds {
  if (x.exact) return exactly(value);
  if (!isFloat(x.value.dtype)) return anything(value);
  const result = anything(value);
  const places = exactly(value).low;
  const [low, high, nan] = [result.low, result.high, result.nan];
  const size = x.value.shape[axis] ?? 1;
  const stride = rowMajorStrides(x.value.shape)[axis] ?? 1;
  for (let index = 0; index < low.length; index++) {
    const base = Math.floor(index / stride) * stride * size + (index % stride);
    const best = at(places, index);
    const reach = (at_: number): number =>
      isMax ? at(x.high, base + at_ * stride) : -at(x.low, base + at_ * stride);
    const own = isMax ? at(x.low, base + best * stride) : -at(x.high, base + best * stride);
    let certain = true;
    for (let other = 0; other < size && certain; other++) {
      const from = base + other * stride;
      if (at(x.nan, from) === 1) certain = Number.isNaN(at(x.low, from)) && best <= other;
      else if (other !== best && !Number.isNaN(own)) certain = reach(other) < own;
    }
    if (!certain) continue;
    low[index] = high[index] = best;
    nan[index] = 0;
  }
  return bounds(value, low, high, nan);
}

/** Running sums and products along an axis. */
export function running(
  x: Bounds,
  { axis, exclusive, reverse }: AttributesOf<"cumSum">,
  value: TensorValue,
  { isSum, arithmetic }: { readonly isSum: boolean; readonly arithmetic: Arithmetic },
): Bounds {
  if (!isFloat(value.dtype)) return x.exact ? exactly(value) : anything(value);
  const size = value.shape[axis] ?? 1;
  const stride = rowMajorStrides(value.shape)[axis] ?? 1;
  const lines = size === 0 ? 0 : value.data.length / size;
  const placeOf = (line: number, step: number): number =>
    Math.floor(line / stride) * stride * size + (line % stride) + (reverse ? size - 1 - step : step) * stride;
  const [sums, products] = [new Sums(value.data.length), new Products(value.data.length)];
  for (let line = 0; line < lines; line++) {
    for (let step = 0; step < size; step++) {
      const to = placeOf(line, step);
      if (step > 0) (isSum ? sums : products).copy(placeOf(line, step - 1), to);
      const from = exclusive ? step - 1 : step;
      if (from < 0) continue;
      const read = placeOf(line, from);
      if (isSum) sums.add(to, at(x.low, read), at(x.high, read), at(x.nan, read));
      else products.add(to, x, read);
    }
  }
  return (isSum ? sums : products).finish(value, arithmetic);
}
