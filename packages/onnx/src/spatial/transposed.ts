import { type Tensor, convTranspose } from "@adjoint/ir";
import { type Dim, addDims, at, mulDims, subDims } from "@adjoint/ir/values";
import type { OperatorContext } from "../import/context.ts";
import { type Placement, type SpatialAttributes, givenPlacement, spanOf, splitPads } from "./placement.ts";

interface TransposeAttributes extends SpatialAttributes {
  readonly group: number;
  readonly output_padding?: readonly number[] | undefined;
  readonly output_shape?: readonly number[] | undefined;
}

type Context = OperatorContext<TransposeAttributes>;

/** One spatial axis: the length of the whole result, and how much of it is cut off, or added where that is negative. */
interface Cut {
  readonly whole: Dim;
  readonly low: number;
  readonly high: number;
}

/**
 * A transposed convolution of x [N, C, …] with a weight [C, M/group, …kernel]. Along each axis the whole result is
 * stride·(n − 1) + span long.
 */
export function transposed(context: Context, x: Tensor, weight: Tensor, kernel: readonly number[]): Tensor {
  const placement = givenPlacement(context, kernel.length);
  const { output_padding: added, output_shape: wanted } = context.attributes;
  if ((added ?? kernel).length !== kernel.length || (wanted ?? kernel).length < kernel.length)
    return context.refuse(`output_padding and output_shape must be for ${kernel.length} spatial axes`);
  const cuts = kernel.map((size, axis) => cutOf(context, at(x.shape, axis + 2), size, axis, placement));
  const [padLow, padHigh] = [
    cuts.map(({ low }) => Math.max(0, low)),
    cuts.map(({ high }) => Math.max(0, high)),
  ];
  const { strides, dilations } = placement;
  const extents = cuts.map(({ whole }, axis) => subDims(whole, at(padLow, axis) + at(padHigh, axis)));
  const { group: groups } = context.attributes;
  return convTranspose(x, weight, { strides, dilations, padLow, padHigh, groups, extents }).pad({
    low: [0, 0, ...cuts.map(({ low }) => Math.max(0, -low))],
    high: [0, 0, ...cuts.map(({ high }) => Math.max(0, -high))],
  });
}

/** @param extent of x along the axis. */
function cutOf(
  context: Context,
  extent: Dim,
  size: number,
  axis: number,
  { strides, dilations, padLow, padHigh }: Placement,
): Cut {
  const { auto_pad: autoPad, output_padding: extra, output_shape: outputShape } = context.attributes;
  const [stride, added] = [at(strides, axis), extra?.[axis] ?? 0];
  const whole = addDims(mulDims(subDims(extent, 1), stride), spanOf(size, at(dilations, axis)));
  if (outputShape === undefined && autoPad === "VALID") return { whole, low: 0, high: -added };
  if (outputShape === undefined && autoPad === "NOTSET")
    return { whole, low: at(padLow, axis), high: at(padHigh, axis) - added };
  // Some files give the sizes of N and C too; SAME_UPPER and SAME_LOWER want stride elements for each of x.
  const wanted = outputShape?.at(axis - padLow.length) ?? mulDims(extent, stride);
  const total = subDims(addDims(whole, added), wanted);
  if (typeof total !== "number")
    return context.refuse(
      `output_shape asks for ${wanted} of ${whole} elements`,
      "Bind their symbols: fromOnnx(bytes, { dims }).",
    );
  // The gaps of a kernel shorter than its stride are behind each element, as in a convolution's gradient.
  const [low, high] = total < 0 ? [0, total] : splitPads(autoPad, total);
  return { whole, low, high: high - added };
}
