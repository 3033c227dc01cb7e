import type { Tensor } from "@adjoint/ir";
import { evaluateTensors } from "@adjoint/ir/graph";
import { type Dim, at } from "@adjoint/ir/values";
import * as ir from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { spatialSizes } from "./placement.ts";
import { type Taps, clamped, positionType, read } from "./sample.ts";

export interface RoiAlignOptions {
  readonly mode: "avg" | "max";
  readonly coordinate_transformation_mode: "half_pixel" | "output_half_pixel";
  readonly output_height: number;
  readonly output_width: number;
  readonly sampling_ratio: number;
  readonly spatial_scale: number;
}

/** To the nearest whole number, halves away from zero. */
const roundedAway = (x: Tensor): Tensor => x.abs().add(0.5).floor().mul(x.sign());

/** One column of [R, k] as [R]. */
const column = (rows: Tensor, index: number): Tensor =>
  rows.slice([undefined, { start: index, end: index + 1 }]).reshape([at(rows.shape, 0)]);

/** A tensor with its axes at these positions of `rank` axes, all others 1. */
function spread(x: Tensor, positions: readonly number[], rank: number): Tensor {
  const shape: Dim[] = Array.from({ length: rank }, () => 1);
  positions.forEach((position, axis) => (shape[position] = at(x.shape, axis)));
  return x.reshape(shape);
}

/** Positions of a sample in [R, PH, PW, GH, GW, TH, TW]: bins, the grid in a bin, and the taps around a position of it. */
const AXES = { bin: [1, 2], grid: [3, 4], tap: [5, 6] } as const;
const WITHIN = [...AXES.grid, ...AXES.tap];
const RANK = 7;

/** The elements that all regions read along one spatial axis. */
interface Sampled {
  readonly taps: Taps;
  /** The number of sampling points of each bin, [R, 1…]. */
  readonly count: Tensor;
  /** True for the points of the grid that belong to it, [R, …]. */
  readonly isPosition: Tensor;
}

/**
 * Averages (or maxima) of regions of x [N, C, H, W] over a grid of bins: [R, C, output_height, output_width].
 * Source: He and others, "Mask R-CNN" (2017), and the reference implementation of ONNX's RoiAlign.
 * @param regions [R, 4]: x and y of one corner, x and y of the other; a constant where `sampling_ratio` is 0, since
 * their sizes are then how many elements are read.
 * @param batch [R]: which n each region is of.
 */
export function roiAlign(
  context: OperatorContext,
  x: Tensor,
  regions: Tensor,
  batch: Tensor,
  options: RoiAlignOptions,
): Tensor {
  const dtype = positionType(x);
  const [height = 1, width = 1] = spatialSizes(context, x);
  const half = options.coordinate_transformation_mode === "half_pixel";
  const corners = regions
    .cast(dtype)
    .mul(options.spatial_scale)
    .sub(half ? 0.5 : 0);
  const bins = [options.output_height, options.output_width];
  const axes = [height, width].map((extent, axis): Sampled => {
    const start = column(corners, 1 - axis);
    const length = column(corners, 3 - axis).sub(start);
    const size = (half ? length : length.max(1)).div(at(bins, axis));
    return sampled(extent, axis, { start, size, bins: at(bins, axis), ratio: options.sampling_ratio });
  });
  const { elements, weights } = read(
    x.cast(dtype),
    spread(batch, [0], RANK).cast("i32"),
    axes.map(({ taps }) => taps),
  );
  const isPosition = axes
    .map((axis) => axis.isPosition)
    .reduce(ir.and)
    .unsqueeze(RANK);
  const pooled = elements.mul(weights);
  const result =
    options.mode === "avg"
      ? isPosition.where(pooled, 0).reduceSum({ axes: WITHIN }).div(counts(axes))
      : orZero(isPosition.where(pooled, -Infinity).reduceMax({ axes: WITHIN }));
  return result.transpose([0, 3, 1, 2]).cast(x.dtype);
}

/** The number of sampling points of each bin, [R, 1, 1, 1]. */
const counts = (axes: readonly Sampled[]): Tensor => {
  const count = axes
    .map((axis) => axis.count)
    .reduce(ir.mul)
    .max(1);
  return count.reshape([at(count.shape, 0), 1, 1, 1]);
};

/** Maxima, with 0 for those of no elements. */
const orZero = (maxima: Tensor): Tensor => maxima.equal(-Infinity).where(0, maxima);

interface Bins {
  /** [R]. */
  readonly start: Tensor;
  /** Length of a bin, [R]. */
  readonly size: Tensor;
  readonly bins: number;
  /** Sampling points in a bin; 0 takes as many as it has elements. */
  readonly ratio: number;
}

function sampled(extent: number, axis: number, { start, size, bins, ratio }: Bins): Sampled {
  const { dtype } = size;
  const regions = (x: Tensor): Tensor => spread(x, [0], RANK);
  const along = (length: number, position: number): Tensor =>
    spread(ir.iota(dtype, [length]), [position], RANK);
  const count = ratio > 0 ? ir.filled(ratio, dtype, size.shape) : size.ceil();
  const most = ratio > 0 ? ratio : largestOf(count);
  const [bin, grid] = [along(bins, at(AXES.bin, axis)), along(most, at(AXES.grid, axis))];
  const within = grid.add(0.5).div(regions(count.max(1)));
  const position = regions(start).add(bin.add(within).mul(regions(size)));
  return {
    taps: linearTaps(position, at(AXES.tap, axis), extent),
    count: regions(count),
    isPosition: grid.less(regions(count)),
  };
}

/** Positions up to one step outside take the border's elements; beyond that nothing counts. */
function linearTaps(position: Tensor, axis: number, extent: number): Taps {
  const isNear = position.greaterOrEqual(-1).and(position.lessOrEqual(extent));
  const within = clamped(position, extent);
  const offset = spread(ir.constant([0, 1], position.dtype), [axis], RANK);
  const index = within.floor().add(offset);
  const weights = ir.sub(1, within.sub(index).abs());
  return { indices: index.min(extent - 1).cast("i32"), weights: isNear.where(weights, 0) };
}

/** The largest element of a tensor that rests on constants, and at least 1. */
const largestOf = (x: Tensor): number => {
  const [value] = evaluateTensors([x.reduceMax().max(1)], new Map());
  return value === undefined ? 1 : at(ir.toNumbers(value), 0);
};

/**
 * Maxima of regions of x [N, C, H, W] over a grid of bins, at whole elements: [R, C, PH, PW]; 0 if a bin is empty.
 * Source: Girshick, "Fast R-CNN" (2015).
 * @param regions [R, 5]: n, x and y of one corner, x and y of the other.
 */
export function maxRoiPool(
  context: OperatorContext,
  x: Tensor,
  regions: Tensor,
  bins: readonly number[],
  scale: number,
): Tensor {
  const [height = 1, width = 1] = spatialSizes(context, x);
  const [rows = 1, columns = 1] = bins;
  const corner = (index: number): Tensor => roundedAway(column(regions, index).mul(scale));
  const pictures = x.take(column(regions, 0).cast("i32"));
  const inColumn = isInBin(width, columns, corner(1), corner(3)).unsqueeze([1, 2]);
  const byColumn = inColumn.where(pictures.unsqueeze(3), -Infinity).reduceMax({ axes: [4] });
  const inRow = isInBin(height, rows, corner(2), corner(4)).unsqueeze([1, 4]);
  return orZero(inRow.where(byColumn.unsqueeze(2), -Infinity).reduceMax({ axes: [3] }));
}

/** Whether an element is in a bin: [R, bins, extent]. Bins that don't come out even overlap. */
function isInBin(extent: number, bins: number, first: Tensor, last: Tensor): Tensor {
  const { dtype } = first;
  const start = spread(first, [0], 3);
  const size = spread(last.sub(first).add(1).max(1), [0], 3).div(bins);
  const bin = ir.iota(dtype, [bins, 1]);
  const position = ir.iota(dtype, [extent]);
  return position
    .greaterOrEqual(bin.mul(size).floor().add(start))
    .and(position.less(bin.add(1).mul(size).ceil().add(start)));
}
