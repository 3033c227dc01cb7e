import type { Epilogue } from "../epilogue/epilogue.ts";
import type { Lane } from "../lane.ts";
import { rowTiles, rowsOfTile, thinRows } from "../micro-kernel/micro-kernel.ts";
import { type Operand, strideOf } from "../operand.ts";
import { accessOf, linesOf, panelOf } from "../pack/pack.ts";
import { ownRegion } from "../regions.ts";
import type { BlockPlan } from "../contraction.ts";
import { type PlanOptions, type Sizes, balanced, depthOf } from "../sizes.ts";

/** Rows in a block: it stays in the second-level cache while the slivers pass. */
const BLOCK_ROWS = 96;

/** Columns in a block: its slivers stay in the second-level cache. */
const BLOCK_COLUMNS = 320;

/** Rows whose sums over several blocks of terms are kept, where the result can't hold them: a multiple of 4, 5 and 6. */
const KEPT_ROWS = 360;

/**
 * Slivers of columns from which on the left side is packed too, where it could be read in place: terms that are a power of two
 * apart fall into few sets of a cache.
 */
const PACKED_LEFT_SLIVERS = 6;

export function blockPlan(
  sizes: Sizes,
  lane: Lane,
  left: Operand,
  right: Operand,
  options: PlanOptions,
  epilogue: Epilogue,
): BlockPlan {
  const { rows, columns, inner } = sizes;
  const wide = options.wide === true;
  const width = (wide ? 4 : 2) * lane.count;
  const depth = depthOf(inner, lane);
  const depthBlocks = Math.max(1, Math.ceil(inner / depth));
  const tiles = rowTiles(rows, rowsOfTile(wide, options.fused === true));
  const blockColumns = balanced(columns, BLOCK_COLUMNS, width);
  const keepsAll = epilogue.kind === "dense" || depthBlocks === 1 || rows <= KEPT_ROWS;
  const [leftAccess, rightAccess] = [accessOf(left, lane), accessOf(right, lane)];
  const leftPacked = !leftAccess.direct || columns >= PACKED_LEFT_SLIVERS * width;
  const rightTerm = strideOf(right.inner) ?? 0;
  // Terms end where the pointer to the right side does, so it must move on from one to the next.
  const moves = inner <= 1 || rightTerm > 0;
  const rightPacked = !(rightAccess.direct && rightAccess.along === "free" && rows <= tiles.rows && moves);
  const blockRows = balanced(rows, (BLOCK_ROWS * 4) / lane.bytes, tiles.rows);
  const keptRows = keepsAll ? Math.max(rows, 1) : KEPT_ROWS;
  const most = (block: number): number => Math.min(rows, block + thinRows(tiles));
  const panelRows = most(blockRows);
  const leftPanel = panelOf(leftPacked ? panelRows : 0, depth, lane);
  const leftLines = linesOf(leftAccess, lane, tiles.rows, depth, panelRows);
  const rightPanel = panelOf(rightPacked ? blockColumns : 0, depth, lane);
  const rightLines = linesOf(rightAccess, lane, width, depth, blockColumns);
  const tileRow = epilogue.kind === "dense" ? epilogue.row : blockColumns * lane.bytes;
  const sumRows = most(depthBlocks === 1 ? blockRows : keptRows);
  return {
    kind: "block",
    leftAccess,
    rightAccess,
    leftPanel,
    leftLines,
    rightPanel,
    rightLines,
    left: leftPacked
      ? { packed: true, row: lane.bytes, term: 0, tileStep: leftPanel.row }
      : {
          packed: false,
          row: strideOf(left.free) ?? 0,
          term: strideOf(left.inner) ?? 0,
          tileStep: strideOf(left.free) ?? 0,
        },
    right: rightPacked
      ? { packed: true, term: width * lane.bytes, sliver: width * rightPanel.row }
      : { packed: false, term: rightTerm, sliver: width * lane.bytes },
    tiles,
    tileRow,
    width,
    depth,
    depthBlocks,
    blockRows,
    blockColumns,
    keptRows,
    regions: [
      ownRegion("panel", leftPanel.bytes),
      ownRegion("slivers", rightPanel.bytes),
      ownRegion("lines", Math.max(leftPacked ? leftLines.bytes : 0, rightPacked ? rightLines.bytes : 0)),
      ownRegion("sums", epilogue.kind === "emitted" ? sumRows * tileRow : 0),
    ],
  };
}
