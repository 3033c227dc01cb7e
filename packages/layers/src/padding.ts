import { AdjointError, type Dim, type Shape, at } from "@adjoint/ir/values";
import { type Schema, oneOf, union, withDefault } from "@adjoint/ir/schema";
import { type PerAxis, counts, spread } from "./config.ts";

/** Zeros around the spatial axes: none, enough for as many positions as the input has, or counts for both sides. */
export type Padding = "valid" | "same" | PerAxis;

/** `padding` in a layer's settings. */
export const paddingSchema: Schema<Padding> = withDefault(
  union(
    [oneOf(["valid", "same"]), counts],
    'must be "valid", "same", or a whole number ≥ 0, or a list of one for each spatial axis',
  ),
  "valid",
);

/** A kernel's sizes, strides and dilations, one for each spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** Zeros before and after each spatial axis. */
export interface Pads {
  readonly padLow: readonly number[];
  readonly padHigh: readonly number[];
}

/**
 * The zeros that a padding stands for.
 * @throws AdjointError for "same" where it depends on a size that is a symbol.
 */
export function paddingFor(operation: string, padding: Padding, extents: Shape, window: Window): Pads {
  if (padding === "same") {
    const totals = extents.map((extent, axis) => sameTotal(operation, extent, window, axis));
    const padLow = totals.map((total) => Math.floor(total / 2));
    return { padLow, padHigh: totals.map((total, axis) => total - at(padLow, axis)) };
  }
  const both = spread(operation, "padding", padding === "valid" ? 0 : padding, extents.length);
  return { padLow: both, padHigh: both };
}

/** Zeros for ⌈extent / stride⌉ positions, as ONNX's SAME_UPPER. */
function sameTotal(
  operation: string,
  extent: Dim,
  { kernel, strides, dilations }: Window,
  axis: number,
): number {
  const [stride, span] = [at(strides, axis), (at(kernel, axis) - 1) * at(dilations, axis)];
  if (stride === 1) return span;
  if (typeof extent === "number")
    return Math.max(0, (Math.ceil(extent / stride) - 1) * stride + span + 1 - extent);
  throw new AdjointError(
    "shape",
    operation,
    `padding "same" with stride ${stride} depends on the size "${extent}", which is a symbol`,
    "Give the axis a number, or the padding as numbers.",
  );
}
