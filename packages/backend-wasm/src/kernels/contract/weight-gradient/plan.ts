import type { ContractKernel } from "@adjoint/compiler/kernel";
import type { Lane } from "../lane.ts";
import { rowTiles, rowsOfTile } from "../micro-kernel/micro-kernel.ts";
import type { Operand, Part } from "../operand.ts";
import { accessOf, linesOf, panelOf } from "../pack/pack.ts";
import { ownRegion } from "../regions.ts";
import type { TapsPlan } from "../contraction.ts";
import { type PlanOptions, type Sizes, balanced, blockTerms } from "../sizes.ts";
import { offsetsBytes, turnedSums } from "../transpose.ts";
import { MOST_PANEL, tableBytes, windowRegions } from "../window/plan.ts";
import { imagesOf, runsOf, windowOf } from "../windows.ts";

export function tapsPlan(
  { convolution }: ContractKernel,
  sizes: Sizes,
  lane: Lane,
  left: Operand,
  right: Operand,
  options: PlanOptions,
): TapsPlan | undefined {
  const { rows, columns, inner } = sizes;
  if (convolution?.variant !== "convWeight" || rows * columns * inner === 0) return undefined;
  const window = windowOf({ ...right, free: right.inner, inner: right.free }, lane);
  if (window === undefined || window.middle.length > 1) return undefined;
  // A run is summed as a whole, and no sum may be longer than a block.
  if (window.run > blockTerms(lane)) return undefined;
  const wide = options.wide === true;
  const most = (wide ? 4 : 2) * lane.count;
  const width = Math.min(most, Math.ceil(rows / lane.count) * lane.count);
  const [images, runs] = [imagesOf(window), runsOf(window)];
  const packed = imageTerms(left, images, runs * window.run);
  if (packed === undefined) return undefined;
  const blockRuns = balanced(runs, Math.max(1, Math.floor(blockTerms(lane) / window.run)), 1);
  const depth = Math.ceil((blockRuns * window.run) / 8) * 8;
  // Neither the sums of a chunk of rows nor the panel of its terms is larger than that.
  const mostSlivers = Math.floor(MOST_PANEL / (Math.max(columns, depth) * lane.bytes * width));
  const chunk = Math.min(Math.ceil(rows / width), mostSlivers) * width;
  if (chunk === 0) return undefined;
  const packedAccess = accessOf(packed, lane);
  const packedPanel = panelOf(chunk, depth, lane);
  const packedLines = linesOf(packedAccess, lane, width, depth, chunk);
  return {
    kind: "taps",
    window,
    packed,
    packedAccess,
    packedPanel,
    packedLines,
    tiles: rowTiles(columns, rowsOfTile(wide, options.fused === true)),
    width,
    blockRuns,
    depth,
    chunk,
    regions: [
      ...windowRegions(window, packedPanel.bytes, packedLines, tableBytes(depth)),
      ownRegion("places", offsetsBytes(columns)),
      ...turnedSums(columns, chunk, lane),
    ],
  };
}

/** An operand whose first terms, one for each image, count as batches. */
function imageTerms(operand: Operand, images: number, positions: number): Operand | undefined {
  const { inner, batch } = operand;
  for (let axes = 0; axes <= inner.length; axes++) {
    const [outer, rest] = [inner.slice(0, axes), inner.slice(axes)];
    const count = (part: Part): number => part.reduce((all, axis) => all * axis.size, 1);
    if (count(outer) === images && count(rest) === positions)
      return { ...operand, batch: [...batch, ...outer], inner: rest };
  }
  const [first, ...others] = inner;
  // Images that follow each other without a gap are one axis with their positions.
  if (first === undefined || others.length > 0 || first.guards.some((guard) => guard !== 0)) return undefined;
  if (first.size !== images * positions) return undefined;
  return {
    ...operand,
    batch: [...batch, { ...first, size: images, stride: first.stride * positions }],
    inner: [{ ...first, size: positions }],
  };
}
