import type { Tensor } from "@adjoint/ir";
import { type AttributesOf, type NameOf, type Node, freeAxes } from "@adjoint/ir/graph";
import { type TensorValue, elementCount, isFloat, rowMajorStrides } from "@adjoint/ir/values";
import { type Bounds, anything, at, bounds, doubles, exactly, largest, rounded } from "./bounds.ts";

/**
 * Bounds of a sum of products a·b: with radii r around the oracle's operands the exact sum moves by at most
 * Σ (|a| + rₐ)(|b| + r_b) − |a||b|, and adding K of them in f32, in any order, fused or not, by (K + 2)·2⁻²⁴·Σ (|a| + rₐ)(|b| + r_b).
 * Source: Higham, "Accuracy and stability of numerical algorithms" (2002), section 3.1.
 * @param multiply the contraction itself, of doubles.
 * @param terms K.
 * @param pads whether zeros of a padding may be multiplied with elements that are not finite.
 */
export function contraction(
  [a, b]: readonly [Bounds, Bounds],
  value: TensorValue,
  {
    multiply,
    terms,
    pads,
  }: {
    readonly multiply: (a: TensorValue, b: TensorValue) => Float64Array;
    readonly terms: number;
    readonly pads: boolean;
  },
): Bounds {
  const { dtype } = value;
  const known = a.exact && b.exact;
  if (!isFloat(dtype)) return known ? exactly(value) : anything(value);
  const sizes = (x: Bounds): { readonly center: TensorValue; readonly reach: TensorValue } => {
    const own = exactly(x.value).low;
    const [center, reach] = [new Float64Array(own.length), new Float64Array(own.length)];
    for (let index = 0; index < own.length; index++) {
      const element = at(own, index);
      center[index] = Math.abs(element);
      reach[index] = x.exact
        ? Math.abs(element)
        : Math.abs(element) + Math.max(at(x.high, index) - element, element - at(x.low, index), 0);
      // NaN that may be there, and is not in the oracle, spoils all it meets.
      if (at(x.nan, index) === 1 && !Number.isNaN(element)) reach[index] = NaN;
    }
    return { center: doubles(x.value.shape, center), reach: doubles(x.value.shape, reach) };
  };
  const [left, right] = [sizes(a), sizes(b)];
  const reached = multiply(left.reach, right.reach);
  const centers = known ? reached : multiply(left.center, right.center);
  const own = exactly(value).low;
  const unit = dtype === "f64" ? 2 ** -53 : 2 ** -24;
  const most = dtype === "f64" ? Number.MAX_VALUE / 4 : 2 ** 127;
  const count = own.length;
  const [low, high, nan] = [new Float64Array(count), new Float64Array(count), new Uint8Array(count)];
  const isFinite = (x: Bounds): boolean => x.low.every(Number.isFinite) && x.high.every(Number.isFinite);
  const finite = isFinite(a) && isFinite(b);
  // Finite products that overflow beside an infinite one may be infinite of the other sign.
  const rest =
    known && !pads && !finite ? multiply(finiteOf(left.center), finiteOf(right.center)) : new Float64Array(0);
  for (let index = 0; index < count; index++) {
    const [reach, element] = [at(reached, index), at(own, index)];
    // Zeros of a padding times what is not finite are NaN to a backend, and nothing to the oracle.
    if (pads && !finite) nan[index] = 1;
    if (reach <= most) {
      // The oracle's sum was rounded too.
      const error =
        reach - at(centers, index) + (terms + 2) * (reach * unit + smallestTerm[dtype]) + reach * 1e-14;
      low[index] = rounded(dtype, element - error - Math.abs(element) * roundings[dtype]);
      high[index] = rounded(dtype, element + error + Math.abs(element) * roundings[dtype]);
      // Nothing but zeros was added.
      if (element === 0 && reach === 0) low[index] = high[index] = 0;
      // A sum beyond the type's range: the end that is in it is the largest number.
      if (Math.abs(element) === Infinity) {
        const end = Math.min(reach, largest[dtype] ?? Infinity);
        if (element > 0) low[index] = rounded(dtype, end - error - end * roundings[dtype]);
        else high[index] = -rounded(dtype, end - error - end * roundings[dtype]);
      }
    } else if (at(rest, index) <= most && !Number.isFinite(element) && !Number.isFinite(reach)) {
      // NaN and infinities that are there for sure give the same in any order.
      low[index] = high[index] = element;
      nan[index] = Number.isNaN(element) ? 1 : 0;
    } else {
      low[index] = -Infinity;
      high[index] = Infinity;
      nan[index] = 1;
    }
  }
  return bounds(value, low, high, nan);
}

const finiteOf = ({ shape, data }: TensorValue): TensorValue =>
  doubles(
    shape,
    Float64Array.from({ length: data.length }, (_, index) =>
      Number.isFinite(data[index]) ? Number(data[index]) : 0,
    ),
  );

/** The oracle's own rounding of a sum, and that of storing it, relative. */
const roundings: { readonly [D in TensorValue["dtype"]]: number } = {
  f64: 2 ** -52,
  f32: 2 ** -23,
  f16: 2 ** -10,
  bf16: 2 ** -7,
  i64: 0,
  i32: 0,
  i16: 0,
  i8: 0,
  u64: 0,
  u32: 0,
  u16: 0,
  u8: 0,
  bool: 0,
};

/** Largest error of a product of two numbers that is subnormal, in the type that it is held in. */
const smallestTerm: { readonly [D in TensorValue["dtype"]]: number } = {
  ...roundings,
  f64: 5e-324,
  f32: 2 ** -149,
  f16: 2 ** -149,
  bf16: 2 ** -149,
};

/** A dotGeneral of doubles by plain loops: the oracle's own takes forty times as long. */
export function multiplied(
  a: TensorValue,
  b: TensorValue,
  { leftBatch, rightBatch, leftContract, rightContract }: AttributesOf<"dotGeneral">,
): Float64Array {
  const pick = (shape: readonly number[], axes: readonly number[]): number[] =>
    axes.map((axis) => shape[axis] ?? 1);
  const leftFree = freeAxes(a.shape.length, leftBatch, leftContract);
  const rightFree = freeAxes(b.shape.length, rightBatch, rightContract);
  const left = arranged(a, [...leftBatch, ...leftFree, ...leftContract]);
  const right = arranged(b, [...rightBatch, ...rightContract, ...rightFree]);
  const batch = elementCount(pick(a.shape, leftBatch));
  const rows = elementCount(pick(a.shape, leftFree));
  const columns = elementCount(pick(b.shape, rightFree));
  const inner = elementCount(pick(a.shape, leftContract));
  const result = new Float64Array(batch * rows * columns);
  for (let n = 0; n < batch * rows; n++) {
    const from = Math.floor(n / Math.max(1, rows)) * inner * columns;
    for (let k = 0; k < inner; k++) {
      const factor = at(left, n * inner + k);
      for (let c = 0; c < columns; c++)
        result[n * columns + c] = at(result, n * columns + c) + factor * at(right, from + k * columns + c);
    }
  }
  return result;
}

/** Elements in the order that a permutation of the axes gives. */
function arranged({ shape, data }: TensorValue, axes: readonly number[]): Float64Array {
  const own = rowMajorStrides(shape);
  const sizes = axes.map((axis) => shape[axis] ?? 1);
  const steps = axes.map((axis) => own[axis] ?? 1);
  const result = new Float64Array(data.length);
  const counters = axes.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = Number(data[from]);
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      from += steps[axis] ?? 0;
      counters[axis] = (counters[axis] ?? 0) + 1;
      if (counters[axis] !== sizes[axis]) break;
      from -= (steps[axis] ?? 0) * (sizes[axis] ?? 0);
      counters[axis] = 0;
    }
  }
  return result;
}

/** How many products one element of a contraction adds. */
export const termsOf: { readonly [N in NameOf<"contract">]: (node: Node<AttributesOf<N>>) => number } = {
  dotGeneral: ({ inputs: [a], attributes }) =>
    elementCount(attributes.leftContract.map((axis) => Number(a?.shape[axis]))),
  conv: ({ inputs: [, w] }) => elementCount(sizesOf(w).slice(1)),
  convTranspose: ({ inputs: [, w], attributes }) => elementCount(sizesOf(w)) / attributes.groups,
  convWeight: ({ inputs: [, g] }) => elementCount(sizesOf(g)) / Math.max(1, Number(g?.shape[1])),
};

const sizesOf = (tensor: Tensor | undefined): number[] => tensor?.shape.map(Number) ?? [];
