import { type Dim, equalDims, mulDims } from "./dim.ts";
import type { DType } from "./dtype.ts";
import { LimitError } from "./error.ts";

export type Shape = readonly Dim[];

/** A tensor's dtype and shape, which are known before it is computed. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

export const shapeText = (shape: Shape): string => `[${shape.map(String).join(", ")}]`;

/** `f32[batch, 784]`; a scalar is `f32[]`. */
export const typeText = (type: TensorType): string => `${type.dtype}${shapeText(type.shape)}`;

/** Axes that a tensor may have, as in NumPy: many computations on axes take the square of their number. */
const MOST_AXES = 64;

/** @throws LimitError for a shape of too many axes. */
export function checkRank(operation: string, rank: number): void {
  if (rank > MOST_AXES)
    throw new LimitError(operation, "axes", rank, MOST_AXES, "Join some of them with reshape.");
}

export const equalShapes = (a: Shape, b: Shape): boolean =>
  a === b || (a.length === b.length && a.every((size, axis) => equalDims(size, b[axis] ?? -1)));

export const equalTypes = (a: TensorType, b: TensorType): boolean =>
  a.dtype === b.dtype && equalShapes(a.shape, b.shape);

/** The number of elements. */
export const shapeSize = (shape: Shape): Dim => shape.reduce<Dim>(mulDims, 1);

export const isStatic = (shape: Shape): shape is readonly number[] =>
  shape.every((size) => typeof size === "number");

/** The number of elements of a static shape. */
export function elementCount(shape: readonly number[]): number {
  let product = 1;
  for (const size of shape) product *= size;
  // Sizes beyond all bounds times 0.
  return Number.isNaN(product) ? 0 : product;
}

/** NumPy's broadcasting: right-aligned, a size of 1 stretches. Undefined if the shapes don't fit. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  if (a === b) return a;
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const x = a[a.length - rank + axis] ?? 1;
    const y = b[b.length - rank + axis] ?? 1;
    if (equalDims(x, y) || equalDims(y, 1)) result.push(x);
    else if (equalDims(x, 1)) result.push(y);
    else return undefined;
  }
  return result;
}

/** Row-major strides in elements. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = Array.from({ length: shape.length }, () => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  }
  return strides;
}
