import type { BufferId, ContractKernel, ContractOperand } from "@adjoint/compiler/kernel";
import { type DType, dtypeInfo } from "@adjoint/ir";
import { type Body, type Local, type Value, i32 } from "../../emit/index.ts";

/** One axis of a part: how far a step goes, in bytes, and in each guard. */
export interface Axis {
  readonly size: number;
  readonly stride: number;
  readonly guards: readonly number[];
}

export type Part = readonly Axis[];

/** An operand in memory: address + batch + free + inner, in bytes; `free` is rows of the left, columns of the right. */
export interface Operand {
  readonly dtype: DType;
  readonly bytes: number;
  readonly address: number;
  readonly batch: Part;
  readonly free: Part;
  readonly inner: Part;
  readonly guards: readonly { readonly offset: number; readonly limit: number }[];
}

/** Drops axes of size 1 and merges neighbours that this operand and its guards step through as one. */
export function mergedAxes(axes: Part): Part {
  const merged: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const previous = merged.at(-1);
    const joins =
      previous !== undefined &&
      previous.stride === axis.stride * axis.size &&
      previous.guards.every((step, guard) => step === (axis.guards[guard] ?? 0) * axis.size);
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
        stride: (index.strides[first + axis] ?? 0) * bytes,
        guards: index.guards.map((guard) => guard.strides[first + axis] ?? 0),
      })),
    );
  const freeAt = batch.length + (side === "rows" ? 0 : rows.length);
  return {
    dtype: operand.dtype,
    bytes,
    address: address(operand.buffer) + index.offset * bytes,
    batch: part(batch, 0),
    free: part(kernel[side], freeAt),
    inner: part(inner, batch.length + rows.length + columns.length),
    guards: index.guards.map(({ offset, limit }) => ({ offset, limit })),
  };
}

/** The step of a part that is one axis, or none. Undefined where it is several. */
export function strideOf(part: Part): number | undefined {
  if (part.length > 1) return undefined;
  return part[0]?.stride ?? 0;
}

/** The coordinates of a row-major number. */
export function decode(body: Body, part: Part, index: Value<"i32">): readonly Local<"i32">[] {
  const coordinates: Local<"i32">[] = [];
  let rest = index;
  for (let axis = part.length - 1; axis > 0; axis--) {
    const size = i32.const(part[axis]?.size ?? 1);
    const whole = body.let(rest);
    const quotient = body.let(i32.divU(whole, size));
    coordinates.unshift(body.let(i32.sub(whole, i32.mul(quotient, size))));
    rest = quotient;
  }
  if (part.length > 0) coordinates.unshift(body.let(rest));
  return coordinates;
}

/** start + Σ step·coordinate, leaving out what is zero. */
export function weighted(
  start: Value<"i32">,
  coordinates: readonly Value<"i32">[],
  steps: readonly number[],
): Value<"i32"> {
  return coordinates.reduce((sum, coordinate, axis) => {
    const step = steps[axis] ?? 0;
    if (step === 0) return sum;
    return i32.add(sum, step === 1 ? coordinate : i32.mul(coordinate, i32.const(step)));
  }, start);
}

/** start + the part's bytes at a row-major number. */
export const placeOf = (body: Body, part: Part, index: Value<"i32">, start: Value<"i32">): Value<"i32"> =>
  weighted(
    start,
    decode(body, part, index),
    part.map((axis) => axis.stride),
  );
