import type { Region } from "../../../region.ts";
import type { Contraction } from "../contraction.ts";
import { type RowTiles, rowTiles } from "../micro-kernel/tiles.ts";
import { tableBytes } from "../micro-kernel/term-table.ts";
import { accessOf, lineLayout, packedLayout } from "../pack/layout.ts";
import type { LeftPacking } from "../pack/left.ts";
import { ownRegion } from "../regions.ts";
import { depthOf, paddedTo } from "../sizes.ts";
import { MOST_PACKED, type Windows, imageCount, windowRegions, windowsOf } from "../windows.ts";

/** Columns whose sums are kept for an epilogue with a loop of its own. */
const KEPT_COLUMNS = 224;

/**
 * The right side is read through windows, as convolutions read it: the micro-kernel finds each term's columns by an offset
 * from a table, so the right side is not packed. Images with padding are copied, one at a time.
 *
 * Precondition: the right side is plain and not a matrix; its last axis of columns, the run, has neighbours, at least a vector
 * of them; its guards are those of padding, one for each axis; the image with its padding and the packed left side have at
 * most 1 MB each; a result that is stored as it is has whole runs of neighbours.
 * Regions: packed (all of the left side), tables (of each block's terms), lines, image (the padded copy), sums.
 * Cost: the left side packed once a batch, and a copy of each image that has padding. A run costs as much as whole panels do.
 */
export interface WindowPlan {
  readonly kind: "window";
  readonly windows: Windows;
  /** Units of columns that threads share. */
  readonly images: number;
  readonly left: LeftPacking;
  readonly tiles: RowTiles;
  /** Columns of a panel. */
  readonly width: number;
  /** Terms of a block, and blocks of terms. */
  readonly depth: number;
  readonly depthBlocks: number;
  /** Bytes from a row of sums in memory to the next. */
  readonly tileRow: number;
  /** Runs whose sums are kept at once, and columns from a run to the next. */
  readonly keptRuns: number;
  readonly keptRun: number;
  readonly regions: readonly Region<"packed" | "tables" | "lines" | "image" | "sums">[];
}

export function windowPlan(contraction: Contraction): WindowPlan | undefined {
  const { sizes, lane, left, right, wide, epilogue } = contraction;
  const { rows, columns, inner } = sizes;
  const depth = depthOf(inner, lane);
  const depthBlocks = Math.ceil(inner / depth);
  if (rows * columns * inner === 0 || rows * depth * depthBlocks * lane.bytes > MOST_PACKED) return undefined;
  if (accessOf(right, lane).direct) return undefined;
  const windows = windowsOf(right, lane);
  if (windows === undefined) return undefined;
  const { run } = windows;
  // Runs are stored whole, so they must be neighbours in the result too.
  if (epilogue.kind === "dense" && (epilogue.columns.at(-1)?.size ?? 1) % run !== 0) return undefined;
  const width = Math.min(wide ? 4 : 2, Math.ceil(run / lane.count)) * lane.count;
  const keptRuns = Math.max(1, Math.floor(KEPT_COLUMNS / run));
  // Whole vectors are written, past the end of a run too.
  const keptRun = paddedTo(run, lane.count);
  const tiles = rowTiles(rows, contraction);
  const access = accessOf(left, lane);
  const layout = packedLayout(rows, depth, lane);
  const lines = lineLayout(access, lane, tiles.rows, depth, rows);
  const tileRow = epilogue.kind === "dense" ? epilogue.row : keptRuns * keptRun * lane.bytes;
  return {
    kind: "window",
    windows,
    images: imageCount(windows),
    left: { access, layout, lines },
    tiles,
    width,
    depth,
    depthBlocks,
    tileRow,
    keptRuns,
    keptRun,
    regions: [
      ...windowRegions(windows, layout.bytes * depthBlocks, lines, tableBytes(depth) * depthBlocks),
      ownRegion("sums", epilogue.kind === "emitted" ? rows * tileRow : 0),
    ],
  };
}
