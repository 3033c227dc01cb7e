import type { Epilogue } from "./epilogue.ts";
import type { Lane } from "./lane.ts";
import { TABLE_HEAD, rowTiles, rowsOfTile } from "./micro.ts";
import type { Operand } from "./operand.ts";
import { accessOf, linesOf, panelOf } from "./pack.ts";
import { ownRegion } from "./regions.ts";
import type { WindowPlan } from "./shapes.ts";
import { type PlanOptions, type Sizes, depthOf } from "./sizes.ts";
import { imagesOf, windowOf } from "./window.ts";

/** The largest left panel beside windows, in bytes. */
export const MOST_PANEL: number = 1 << 20;

/** Columns of windows whose sums are kept for an epilogue with a loop of its own. */
const KEPT_COLUMNS = 224;

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
      ownRegion("panel", leftPanel.bytes * depthBlocks),
      ownRegion("tables", tableBytes(depth) * depthBlocks),
      ownRegion("lines", leftLines.bytes),
      ownRegion("image", window.image?.bytes ?? 0),
      ownRegion("sums", epilogue.kind === "emitted" ? rows * tileRow : 0),
    ],
  };
}
