import type { Region } from "../../../region.ts";
import type { Contraction } from "../contraction.ts";
import { offsetsBytes, tableBytes } from "../micro-kernel/term-table.ts";
import { type RowTiles, rowTiles, thinRows } from "../micro-kernel/tiles.ts";
import { lineLayout, packedLayout } from "../pack/layout.ts";
import type { LeftPacking } from "../pack/left.ts";
import { ownRegion } from "../regions.ts";
import { leastCommonMultiple, paddedTo } from "../sizes.ts";
import { swappedSums } from "../transpose.ts";
import type { WindowPlan } from "../window/plan.ts";
import { MOST_PACKED, type Windows, runCount, windowRegions } from "../windows.ts";

/** Terms from which on swapping the sides pays for transposing the sums. */
const SWAPPED_TERMS = 64;

/** Positions whose sums are kept at once. */
const KEPT_POSITIONS = 400;

/**
 * Windows with the sides swapped. Positions are the micro-kernel's rows, read in place by their offsets; the contraction's
 * rows are its columns, packed to panels. Sums are kept as [position, row] and transposed at the end.
 *
 * Precondition: that of `window`; at least 64 terms; and rows that fill whole panels better than runs do.
 * Regions: those of `window`, positions (the offset of each), and transposed (as many rows of sums as a vector holds).
 * Cost: that of `window` with whole panels, and a pass over the sums.
 */
export interface WindowSwappedPlan {
  readonly kind: "windowSwapped";
  readonly windows: Windows;
  /** Units of columns that threads share. */
  readonly images: number;
  readonly left: LeftPacking;
  /** Positions of an image, and tiles of them. */
  readonly positions: number;
  readonly tiles: RowTiles;
  /** Rows of a panel. */
  readonly width: number;
  /** Terms of a block, and blocks of terms. */
  readonly depth: number;
  readonly depthBlocks: number;
  /** Positions whose sums are kept at once, and how many these are at most in the last group. */
  readonly group: number;
  readonly most: number;
  readonly regions: readonly Region<
    "packed" | "tables" | "lines" | "image" | "positions" | "sums" | "transposed"
  >[];
}

/** The plan with sides swapped, if it is better than the windows' own. */
export function windowSwappedPlan(
  contraction: Contraction,
  { windows, images, left: { access }, depth, depthBlocks, width: runWidth }: WindowPlan,
): WindowSwappedPlan | undefined {
  const { sizes, lane, wide } = contraction;
  const { rows, inner } = sizes;
  const { run } = windows;
  const width = Math.min((wide ? 4 : 2) * lane.count, paddedTo(rows, lane.count));
  const filled = (size: number, unit: number): number => size / paddedTo(size, unit);
  if (inner < SWAPPED_TERMS || filled(rows, width) < filled(run, runWidth) + 0.05) return undefined;
  const positions = runCount(windows) * run;
  const tiles = rowTiles(positions, contraction);
  const unit = leastCommonMultiple(tiles.rows, lane.count);
  const paddedRows = paddedTo(rows, width);
  const kept = Math.min(KEPT_POSITIONS, MOST_PACKED / (lane.bytes * paddedRows));
  const group = Math.max(1, Math.floor(kept / unit)) * unit;
  const most = Math.min(positions, group + thinRows(tiles));
  const layout = packedLayout(paddedRows, depth, lane);
  const lines = lineLayout(access, lane, width, depth, paddedRows);
  return {
    kind: "windowSwapped",
    windows,
    images,
    left: { access, layout, lines },
    positions,
    tiles,
    width,
    depth,
    depthBlocks,
    group,
    most,
    regions: [
      ...windowRegions(windows, layout.bytes * depthBlocks, lines, tableBytes(depth) * depthBlocks),
      ownRegion("positions", offsetsBytes(positions)),
      ...swappedSums(most, paddedRows, lane),
    ],
  };
}
