import type { AttributesOf, Node } from "@adjoint/ir/graph";
import { type Scalar, type TensorValue, elementCount, isFloat, rowMajorStrides } from "@adjoint/ir/values";
import { type Arithmetic, type Bounds, anything, at, bounds, exactly } from "./bounds.ts";
import { Products, Sums } from "./folds.ts";

/**
 * Sorted values and their places. A value may be what any order gives: the sorted ends. A place is certain if all values
 * before it are certainly smaller and all after it are larger.
 */
export function sorted(
  x: Bounds,
  [values, places]: readonly [TensorValue, TensorValue],
  { axis, descending }: { readonly axis: number; readonly descending: boolean },
): readonly [Bounds, Bounds] {
  if (x.exact) return [exactly(values), exactly(places)];
  const [first, second] = [anything(values), anything(places)];
  if (!isFloat(x.value.dtype)) return [first, second];
  const size = x.value.shape[axis] ?? 1;
  const count = values.shape[axis] ?? 1;
  const stride = rowMajorStrides(x.value.shape)[axis] ?? 1;
  const lines = size === 0 ? 0 : x.value.data.length / size;
  const own = exactly(places).low;
  for (let line = 0; line < lines; line++) {
    const [block, inner] = [Math.floor(line / stride), line % stride];
    const from = (place: number): number => block * stride * size + place * stride + inner;
    const to = (rank: number): number => block * stride * count + rank * stride + inner;
    const all = Array.from({ length: size }, (_, place) => place);
    // NaN that may be there may be first or last.
    if (all.some((place) => at(x.nan, from(place)) === 1)) continue;
    const ends = (list: Float64Array): number[] =>
      all.map((place) => at(list, from(place))).toSorted((a, b) => (descending ? b - a : a - b));
    const [lows, highs] = [ends(x.low), ends(x.high)];
    const ranked = Array.from({ length: count }, (_, rank) => at(own, to(rank)));
    const isRanked = new Set(ranked);
    const order = [...ranked, ...all.filter((place) => !isRanked.has(place))];
    // A place is certain if the nearest end of all before it, and of all behind it, is apart from its own interval.
    const sign = descending ? -1 : 1;
    const [near, far] = descending ? [x.high, x.low] : [x.low, x.high];
    const behind = new Float64Array(order.length + 1).fill(Infinity);
    for (let rank = order.length - 1; rank >= 0; rank--)
      behind[rank] = Math.min(at(behind, rank + 1), sign * at(near, from(order[rank] ?? 0)));
    let before = -Infinity;
    for (let rank = 0; rank < count; rank++) {
      first.low[to(rank)] = lows[rank] ?? NaN;
      first.high[to(rank)] = highs[rank] ?? NaN;
      first.nan[to(rank)] = 0;
      const here = order[rank] ?? 0;
      const certain =
        before < sign * at(near, from(here)) && sign * at(far, from(here)) < at(behind, rank + 1);
      before = Math.max(before, sign * at(far, from(here)));
      if (!certain) continue;
      second.low[to(rank)] = second.high[to(rank)] = here;
      second.nan[to(rank)] = 0;
    }
  }
  return [
    bounds(values, first.low, first.high, first.nan),
    bounds(places, second.low, second.high, second.nan),
  ];
}

/** The first element of the block that each row of indices addresses, from indices inside their axes. */
function blocks(
  data: TensorValue,
  indices: TensorValue,
): { readonly offsets: readonly number[]; readonly size: number } {
  const depth = indices.shape.at(-1) ?? 0;
  const strides = rowMajorStrides(data.shape);
  const rows = elementCount(indices.shape.slice(0, -1));
  const offsets = Array.from({ length: rows }, (_, row) => {
    let offset = 0;
    for (let axis = 0; axis < depth; axis++)
      offset += Number(indices.data[row * depth + axis]) * (strides[axis] ?? 1);
    return offset;
  });
  return { offsets, size: elementCount(data.shape.slice(depth)) };
}

/** A lookup that certainly lies outside its axis. */
export class OutsideAxis extends Error {
  readonly node: Node;

  constructor(node: Node) {
    super();
    this.node = node;
  }
}

/** A run that may or may not read outside an axis. */
export class Unpredictable extends Error {}

/** @throws OutsideAxis if an index certainly lies outside its axis, Unpredictable if one may. */
export function checkIndices(node: Node, data: Bounds, indices: Bounds): void {
  const depth = indices.value.shape.at(-1) ?? 0;
  // Blocks without elements are not looked up.
  if (data.value.shape.slice(depth).includes(0)) return;
  let isOpen = false;
  for (let place = 0; place < indices.low.length; place++) {
    const last = (data.value.shape[place % depth] ?? 0) - 1;
    const [low, high] = [at(indices.low, place), at(indices.high, place)];
    if (high < 0 || low > last) throw new OutsideAxis(node);
    isOpen ||= low < 0 || high > last;
  }
  if (isOpen) throw new Unpredictable();
}

/** Elements at indices: anything if an index is not certain. */
export function gathered([data, indices]: readonly [Bounds, Bounds], value: TensorValue): Bounds {
  if (data.exact && indices.exact) return exactly(value);
  const { offsets, size } = blocks(data.value, indices.value);
  const depth = indices.value.shape.at(-1) ?? 0;
  const result = anything(value);
  for (const [row, offset] of offsets.entries()) {
    let certain = true;
    for (let axis = 0; axis < depth; axis++) certain &&= at(indices.nan, row * depth + axis) === 0;
    if (!certain) continue;
    for (let place = 0; place < size; place++) {
      result.low[row * size + place] = at(data.low, offset + place);
      result.high[row * size + place] = at(data.high, offset + place);
      result.nan[row * size + place] = at(data.nan, offset + place);
    }
  }
  return bounds(value, result.low, result.high, result.nan);
}

/** Updates joined one after another, as the oracle does. */
export function scattered(
  [data, indices, updates]: readonly [Bounds, Bounds, Bounds],
  value: TensorValue,
  reduction: AttributesOf<"scatter">["reduction"],
  arithmetic: Arithmetic,
): Bounds {
  const joins = reduction === "add" || reduction === "mul";
  const known = data.exact && indices.exact && updates.exact;
  if (known && (!joins || !isFloat(value.dtype))) return exactly(value);
  if (!indices.exact || !isFloat(value.dtype)) return anything(value);
  const { offsets, size } = blocks(data.value, indices.value);
  const each = (visit: (to: number, from: number) => void): void => {
    for (let index = 0; index < updates.low.length; index++)
      visit((offsets[Math.floor(index / size)] ?? 0) + (index % size), index);
  };
  if (reduction === "add") {
    const sums = new Sums(value.data.length);
    for (let to = 0; to < data.low.length; to++)
      sums.add(to, at(data.low, to), at(data.high, to), at(data.nan, to));
    const touched = new Float64Array(value.data.length);
    each((to, from) => {
      touched[to] = at(touched, to) + 1;
      sums.add(to, at(updates.low, from), at(updates.high, from), at(updates.nan, from));
    });
    // Updates may be added in the type itself, rounded each time.
    const most = Math.max(0, ...touched);
    return sums.finish(value, arithmetic, most === 0 ? 0 : (most + 1) * (stepErrors[value.dtype] ?? 0));
  }
  if (reduction === "mul") {
    const products = new Products(value.data.length);
    for (let to = 0; to < data.low.length; to++) products.add(to, data, to);
    each((to, from) => products.add(to, updates, from));
    // In the type itself, in any order: some of the factors may leave its range where all of them together do not.
    return products.finish(value, arithmetic, stepErrors[value.dtype]);
  }
  const [low, high, nan] = [data.low.slice(), data.high.slice(), data.nan.slice()];
  each((to, from) => {
    const [l, h, isNaN] = [at(updates.low, from), at(updates.high, from), at(updates.nan, from)];
    const join = reduction === "max" ? Math.max : Math.min;
    const isLast = reduction === "none";
    low[to] = isLast ? l : join(at(low, to), l);
    high[to] = isLast ? h : join(at(high, to), h);
    nan[to] = isLast ? isNaN : at(nan, to) | isNaN;
    // What the oracle makes of NaN depends on where it stands.
    if (!isLast && nan[to] === 1) {
      low[to] = -Infinity;
      high[to] = Infinity;
    }
  });
  return bounds(value, low, high, nan);
}

/** Of one rounded step, relative. */
const stepErrors: { readonly [dtype: string]: number } = {
  f64: 2 ** -52,
  f32: 2 ** -23,
  f16: 2 ** -10,
  bf16: 2 ** -7,
};

/** One bool or integer that may be anything is unknown; others count. */
export const knownScalar = (x: Bounds | undefined): Scalar | undefined =>
  x !== undefined && at(x.nan, 0) === 0 && at(x.low, 0) === at(x.high, 0) ? at(x.low, 0) : undefined;
