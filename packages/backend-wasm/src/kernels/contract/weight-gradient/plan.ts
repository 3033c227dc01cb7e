import type { Region } from "../../../region.ts";
import type { Contraction } from "../contraction.ts";
import { offsetsBytes, tableBytes } from "../micro-kernel/term-table.ts";
import { type RowTiles, rowTiles } from "../micro-kernel/tiles.ts";
import { type Operand, countOf } from "../operand.ts";
import {
  type Access,
  type LineLayout,
  type PackedLayout,
  accessOf,
  lineLayout,
  packedLayout,
} from "../pack/layout.ts";
import { ownRegion } from "../regions.ts";
import { balanced, blockTerms, paddedTo } from "../sizes.ts";
import { swappedSums } from "../transpose.ts";
import { MOST_PACKED, type Windows, imageCount, runCount, windowRegions, windowsOf } from "../windows.ts";

/**
 * The gradient of a convolution's weight: out[row, tap] = Σ_positions left[row, position] · image[tap + position]. Taps are the
 * contraction's columns, and positions are its terms. The sides are swapped: taps are the micro-kernel's rows, read in place
 * by their offsets; the contraction's rows are its columns, packed to panels. Image after image adds to sums that are kept
 * as [tap, row], and these are transposed at the end.
 *
 * Precondition: a convolution's `convWeight`; the right side has windows, with its columns as the terms and its terms as the
 * columns, one axis between an image and a run, and runs of at most a block of terms; the left side's terms are images, then
 * positions; the sums of one panel of rows have at most 1 MB.
 * Regions: packed (a block of the left side), tables (the positions of a block), taps (the offset of each), lines, image
 * (the padded copy), sums (of all taps and a chunk of rows), and transposed.
 * Cost: each image copied and its left side packed once for each chunk of rows, and a pass over the sums.
 */
export interface WeightGradientPlan {
  readonly kind: "weightGradient";
  readonly windows: Windows;
  /** The left side of an image: the images are further batches. */
  readonly left: {
    readonly operand: Operand;
    readonly access: Access;
    readonly layout: PackedLayout;
    readonly lines: LineLayout;
  };
  /** Tiles of taps. */
  readonly tiles: RowTiles;
  /** Rows of a panel. */
  readonly width: number;
  /** Runs of positions in a block of terms. */
  readonly blockRuns: number;
  /** Rows whose sums are kept at once: whole panels. */
  readonly chunk: number;
  readonly regions: readonly Region<
    "packed" | "tables" | "lines" | "image" | "taps" | "sums" | "transposed"
  >[];
}

export function weightGradientPlan(contraction: Contraction): WeightGradientPlan | undefined {
  const { convolution, sizes, lane, left, right, wide } = contraction;
  const { rows, columns, inner } = sizes;
  if (convolution?.variant !== "convWeight" || rows * columns * inner === 0) return undefined;
  const windows = windowsOf({ ...right, free: right.inner, inner: right.free }, lane);
  if (windows === undefined || windows.runs.length > 1) return undefined;
  const { run } = windows;
  // A run is summed as a whole, and no sum may be longer than a block.
  if (run > blockTerms(lane)) return undefined;
  const width = Math.min((wide ? 4 : 2) * lane.count, paddedTo(rows, lane.count));
  const [images, runs] = [imageCount(windows), runCount(windows)];
  const operand = imagesAsBatches(left, images, runs * run);
  if (operand === undefined) return undefined;
  const blockRuns = balanced(runs, Math.max(1, Math.floor(blockTerms(lane) / run)), 1);
  const depth = paddedTo(blockRuns * run, 8);
  // Neither the sums of a chunk of rows nor its packed terms are larger than that.
  const mostPanels = Math.floor(MOST_PACKED / (Math.max(columns, depth) * lane.bytes * width));
  const chunk = Math.min(Math.ceil(rows / width), mostPanels) * width;
  if (chunk === 0) return undefined;
  const access = accessOf(operand, lane);
  const layout = packedLayout(chunk, depth, lane);
  const lines = lineLayout(access, lane, width, depth, chunk);
  return {
    kind: "weightGradient",
    windows,
    left: { operand, access, layout, lines },
    tiles: rowTiles(columns, contraction),
    width,
    blockRuns,
    chunk,
    regions: [
      ...windowRegions(windows, layout.bytes, lines, tableBytes(depth)),
      ownRegion("taps", offsetsBytes(columns)),
      ...swappedSums(columns, chunk, lane),
    ],
  };
}

/** The operand with its first terms, one for each image, as further batches. */
function imagesAsBatches(operand: Operand, images: number, positions: number): Operand | undefined {
  const { inner, batch } = operand;
  for (let axes = 0; axes <= inner.length; axes++) {
    const [outer, rest] = [inner.slice(0, axes), inner.slice(axes)];
    if (countOf(outer) === images && countOf(rest) === positions)
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
