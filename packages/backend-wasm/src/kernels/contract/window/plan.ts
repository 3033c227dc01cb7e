import type { Epilogue } from "../epilogue/epilogue.ts";
import type { Lane } from "../lane.ts";
import { TABLE_HEAD, rowTiles, rowsOfTile, thinRows } from "../micro-kernel/micro-kernel.ts";
import type { Operand } from "../operand.ts";
import type { Region } from "../../../region.ts";
import { type Lines, accessOf, linesOf, panelOf } from "../pack/pack.ts";
import { ownRegion } from "../regions.ts";
import type { SwappedPlan, WindowPlan } from "../contraction.ts";
import { type PlanOptions, type Sizes, depthOf, paddedTo } from "../sizes.ts";
import { leastCommon, offsetsBytes, turnedSums } from "../transpose.ts";
import { type Window, imagesOf, runsOf, windowOf } from "../windows.ts";

/** The largest left panel beside windows, in bytes. */
export const MOST_PANEL: number = 1 << 20;

/** Columns of windows whose sums are kept for an epilogue with a loop of its own. */
const KEPT_COLUMNS = 224;

/** Terms from which on swapping the sides pays for turning the sums. */
const SWAPPED_TERMS = 64;

/** Positions whose sums are kept at once when the sides are swapped. */
const SWAPPED_POSITIONS = 400;

/** What all that read windows work in: slivers, a table for each block of terms, lines on their way to be packed, an image. */
export const windowRegions = (
  { image }: Window,
  panelBytes: number,
  lines: Lines,
  tables: number,
): readonly Region<"panel" | "tables" | "lines" | "image">[] => [
  ownRegion("panel", panelBytes),
  ownRegion("tables", tables),
  ownRegion("lines", lines.bytes),
  ownRegion("image", image?.bytes ?? 0),
];

/** Bytes of the table of a block's terms. */
export const tableBytes = (depth: number): number => TABLE_HEAD + depth * 4;

export function windowPlan(
  sizes: Sizes,
  lane: Lane,
  left: Operand,
  right: Operand,
  options: PlanOptions,
  epilogue: Epilogue,
): WindowPlan | undefined {
  const { rows, columns, inner } = sizes;
  const wide = options.wide === true;
  const depth = depthOf(inner, lane);
  const depthBlocks = Math.ceil(inner / depth);
  if (rows * columns * inner === 0 || rows * depth * depthBlocks * lane.bytes > MOST_PANEL) return undefined;
  if (accessOf(right, lane).direct) return undefined;
  const window = windowOf(right, lane);
  if (window === undefined) return undefined;
  const { run } = window;
  // Runs are stored whole: they must be neighbours in the result too.
  if (epilogue.kind === "dense" && (epilogue.columns.at(-1)?.size ?? 1) % run !== 0) return undefined;
  const vectors = Math.min(wide ? 4 : 2, Math.ceil(run / lane.count));
  const width = vectors * lane.count;
  const keptRuns = Math.max(1, Math.floor(KEPT_COLUMNS / run));
  // Whole vectors are written, past a run's end too.
  const keptRun = Math.ceil(run / lane.count) * lane.count;
  const leftAccess = accessOf(left, lane);
  const tiles = rowTiles(rows, rowsOfTile(wide, options.fused === true));
  const leftPanel = panelOf(rows, depth, lane);
  const leftLines = linesOf(leftAccess, lane, tiles.rows, depth, rows);
  const tileRow = epilogue.kind === "dense" ? epilogue.row : keptRuns * keptRun * lane.bytes;
  return {
    kind: "window",
    window,
    images: imagesOf(window),
    leftAccess,
    leftPanel,
    leftLines,
    tiles,
    width,
    depth,
    depthBlocks,
    tileRow,
    keptRuns,
    keptRun,
    regions: [
      ...windowRegions(window, leftPanel.bytes * depthBlocks, leftLines, tableBytes(depth) * depthBlocks),
      ownRegion("sums", epilogue.kind === "emitted" ? rows * tileRow : 0),
    ],
  };
}

/** The same windows with the sides swapped, where runs are ragged and the terms many enough to pay for turning the sums. */
export function swappedPlan(
  sizes: Sizes,
  lane: Lane,
  { window, images, leftAccess, depth, depthBlocks, width: runWidth }: WindowPlan,
  options: PlanOptions,
): SwappedPlan | undefined {
  const { rows, inner } = sizes;
  const wide = options.wide === true;
  const { run } = window;
  const width = Math.min((wide ? 4 : 2) * lane.count, paddedTo(rows, lane.count));
  const filled = (size: number, unit: number): number => size / paddedTo(size, unit);
  if (inner < SWAPPED_TERMS || filled(rows, width) < filled(run, runWidth) + 0.05) return undefined;
  const positions = runsOf(window) * run;
  const tiles = rowTiles(positions, rowsOfTile(wide, options.fused === true));
  const unit = leastCommon(tiles.rows, lane.count);
  const kept = Math.min(SWAPPED_POSITIONS, MOST_PANEL / (lane.bytes * paddedTo(rows, width)));
  const group = Math.max(1, Math.floor(kept / unit)) * unit;
  const most = Math.min(positions, group + thinRows(tiles));
  const panelRows = paddedTo(rows, width);
  const leftPanel = panelOf(panelRows, depth, lane);
  const leftLines = linesOf(leftAccess, lane, width, depth, panelRows);
  return {
    kind: "swapped",
    window,
    images,
    leftAccess,
    leftPanel,
    leftLines,
    positions,
    tiles,
    width,
    depth,
    depthBlocks,
    group,
    most,
    regions: [
      ...windowRegions(window, leftPanel.bytes * depthBlocks, leftLines, tableBytes(depth) * depthBlocks),
      ownRegion("places", offsetsBytes(positions)),
      ...turnedSums(most, panelRows, lane),
    ],
  };
}
