import type { Tensor } from "@adjoint/ir";
import { type Dim, at, equalDims } from "@adjoint/ir/values";
import type { OperatorContext } from "../import/context.ts";
import { knownSize } from "./placement.ts";
import { type ResizeOptions, type ResizedAxis, resizeAxis } from "./resize-axis.ts";
import { positionType } from "./sample.ts";

/** A request to resize, with one entry for each of `axes`. */
export interface ResizeRequest {
  readonly axes: readonly number[];
  readonly scales?: readonly number[];
  readonly sizes?: readonly Dim[];
  /** Starts and then ends, in 0…1. */
  readonly regions?: readonly number[];
  /** The policy for sizes that would change the ratio of height to width. */
  readonly policy: "stretch" | "not_larger" | "not_smaller";
  readonly options: ResizeOptions;
}

/** Resizes axes one after another; those that stay as they are may be symbolic. */
export function resized(context: OperatorContext, x: Tensor, request: ResizeRequest): Tensor {
  const { axes, scales, sizes, options, regions } = request;
  const given = scales ?? sizes ?? [];
  if (given.length !== axes.length)
    return context.refuse(`${given.length} ${scales ? "scales" : "sizes"} for ${axes.length} axes`);
  const changes = scales === undefined ? bySizes(context, x, request) : byScales(context, x, axes, scales);
  // Sums of products in the type of the elements would lose digits of narrow floats, and whole numbers.
  const isMoved = options.mode === "nearest";
  const wide = isMoved ? x : x.cast(positionType(x));
  return changes
    .reduce((y, change, index) => {
      const region = [regions?.[index] ?? 0, regions?.[index + axes.length] ?? 1] as const;
      const isWhole = region[0] === 0 && region[1] === 1;
      return change === undefined && isWhole
        ? y
        : resizeAxis(
            context,
            y,
            at(axes, index),
            { ...(change ?? unchanged(context, x, at(axes, index))), region },
            options,
          );
    }, wide)
    .cast(x.dtype);
}

/** A changed axis, or undefined for one that stays as it is. */
type Change = Omit<ResizedAxis, "region"> | undefined;

const unchanged = (context: OperatorContext, x: Tensor, axis: number): NonNullable<Change> => {
  const extent = knownSize(context, x, axis);
  return { extent, size: extent, scale: 1, length: extent };
};

const byScales = (
  context: OperatorContext,
  x: Tensor,
  axes: readonly number[],
  scales: readonly number[],
): readonly Change[] =>
  axes.map((axis, index) => {
    const scale = at(scales, index);
    if (scale === 1) return undefined;
    const extent = knownSize(context, x, axis);
    // In f32, as models are made: 10 · 0.7 is 7, not 6.99….
    return { extent, size: Math.floor(Math.fround(extent * scale)), scale, length: extent * scale };
  });

function bySizes(
  context: OperatorContext,
  x: Tensor,
  { axes, sizes = [], policy }: ResizeRequest,
): readonly Change[] {
  if (policy === "stretch") {
    return axes.map((axis, index) => {
      const size = at(sizes, index);
      if (equalDims(size, at(x.shape, axis))) return undefined;
      const extent = knownSize(context, x, axis);
      return {
        extent,
        size: known(context, size),
        scale: known(context, size) / extent,
        length: known(context, size),
      };
    });
  }
  const extents = axes.map((axis) => knownSize(context, x, axis));
  const ratios = extents.map((extent, index) => known(context, at(sizes, index)) / extent);
  const scale = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
  return extents.map((extent) => ({
    extent,
    size: Math.floor(extent * scale + 0.5),
    scale,
    length: extent * scale,
  }));
}

const known = (context: OperatorContext, size: Dim): number =>
  typeof size === "number"
    ? size
    : context.refuse(`the size ${size} must be a number`, "Bind its symbols: fromOnnx(bytes, { dims }).");
