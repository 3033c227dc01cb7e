import type { BufferId, ContractKernel, ContractOperand } from "@adjoint/compiler/kernel";
import { type DType, at, dtypeInfo } from "@adjoint/ir/values";
import { type Body, type Local, type Value, i32 } from "../../emit/index.ts";

/** An axis of an operand. */
export interface Axis {
  readonly size: number;
  /** Bytes from an element to the next. */
  readonly stride: number;
  /** The change that a step makes to the value of each of the operand's guards. */
  readonly guards: readonly number[];
}

/** The axes of a part of the domain, outermost first. */
export type Part = readonly Axis[];

/** An operand in memory. An element's address is the sum of `address` and its offsets along batch, free and inner, in bytes. */
export interface Operand {
  readonly dtype: DType;
  /** Bytes of an element. */
  readonly bytes: number;
  /** Address of the first element. */
  readonly address: number;
  readonly batch: Part;
  /** Rows of the left side, columns of the right side. */
  readonly free: Part;
  readonly inner: Part;
  /** An element is zero unless 0 ≤ value < limit in each guard. */
  readonly guards: readonly { readonly offset: number; readonly limit: number }[];
}

/** Drops axes of size 1, and merges neighbours that the operand and its guards step through as one. */
export function mergedAxes(axes: Part): Part {
  const merged: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const previous = merged.at(-1);
    const joins =
      previous !== undefined &&
      previous.stride === axis.stride * axis.size &&
      previous.guards.every((step, guard) => step === at(axis.guards, guard) * axis.size);
    if (joins) merged[merged.length - 1] = { ...axis, size: previous.size * axis.size };
    else merged.push(axis);
  }
  return merged;
}

export function operandOf(
  kernel: ContractKernel,
  operand: ContractOperand,
  side: "rows" | "columns",
  address: (buffer: BufferId) => number,
): Operand {
  const { batch, rows, columns, inner } = kernel;
  const { bytes } = dtypeInfo[operand.dtype];
  const { index } = operand;
  const part = (sizes: readonly number[], first: number): Part =>
    mergedAxes(
      sizes.map((size, axis) => ({
        size,
        stride: at(index.strides, first + axis) * bytes,
        guards: index.guards.map((guard) => at(guard.strides, first + axis)),
      })),
    );
  const firstFree = batch.length + (side === "rows" ? 0 : rows.length);
  return {
    dtype: operand.dtype,
    bytes,
    address: address(operand.buffer) + index.offset * bytes,
    batch: part(batch, 0),
    free: part(kernel[side], firstFree),
    inner: part(inner, batch.length + rows.length + columns.length),
    guards: index.guards.map(({ offset, limit }) => ({ offset, limit })),
  };
}

/** The number of elements in a part. */
export const countOf = (part: Part): number => part.reduce((count, axis) => count * axis.size, 1);

/** Bytes from an element of a part to the next: 0 if it has one element, undefined if it has several axes. */
export function strideOf(part: Part): number | undefined {
  if (part.length > 1) return undefined;
  return part[0]?.stride ?? 0;
}

/** The stride of a part that a plan has found to have at most one axis. */
export function singleStride(part: Part): number {
  const stride = strideOf(part);
  if (stride === undefined) throw new RangeError(`a part of ${part.length} axes has no single stride`);
  return stride;
}

/** The coordinates along a part's axes of a row-major index. */
export function coordinatesOf(body: Body, part: Part, index: Value<"i32">): readonly Local<"i32">[] {
  const coordinates: Local<"i32">[] = [];
  let rest = index;
  for (let axis = part.length - 1; axis > 0; axis--) {
    const size = i32.const(at(part, axis).size);
    const whole = body.let(rest);
    const quotient = body.let(i32.divU(whole, size));
    coordinates.unshift(body.let(i32.sub(whole, i32.mul(quotient, size))));
    rest = quotient;
  }
  if (part.length > 0) coordinates.unshift(body.let(rest));
  return coordinates;
}

/** start + Σ step · coordinate, without the terms whose step is zero. */
export function affine(
  start: Value<"i32">,
  coordinates: readonly Value<"i32">[],
  steps: readonly number[],
): Value<"i32"> {
  return coordinates.reduce((sum, coordinate, axis) => {
    const step = at(steps, axis);
    if (step === 0) return sum;
    return i32.add(sum, step === 1 ? coordinate : i32.mul(coordinate, i32.const(step)));
  }, start);
}

/** The address of a part's element at a row-major index, if its first element is at `start`. */
export const addressIn = (body: Body, part: Part, index: Value<"i32">, start: Value<"i32">): Value<"i32"> =>
  affine(
    start,
    coordinatesOf(body, part, index),
    part.map((axis) => axis.stride),
  );

/** The address of an operand's first element in a batch. */
export const batchAddress = (
  body: Body,
  { batch, address }: Pick<Operand, "batch" | "address">,
  index: Value<"i32">,
): Value<"i32"> => addressIn(body, batch, index, i32.const(address));
