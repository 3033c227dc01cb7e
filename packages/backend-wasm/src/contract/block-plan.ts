import type { Epilogue } from "./epilogue.ts";
import type { Lane } from "./lane.ts";
import { rowTiles, rowsOfTile, thinRows } from "./micro.ts";
import { type Operand, strideOf } from "./operand.ts";
import { PANEL_SLACK, accessOf, lineRoom } from "./pack.ts";
import type { BlockPlan } from "./shapes.ts";
import { type PlanOptions, type Regions, type Sizes, balanced, depthOf } from "./sizes.ts";

/** Rows in a block: it stays in the second-level cache while the slivers pass. */
const BLOCK_ROWS = 96;

/** Columns in a block: its slivers stay in the second-level cache. */
const BLOCK_COLUMNS = 320;

/** Rows whose sums over several blocks of terms are kept, where the result can't hold them: a multiple of 4, 5 and 6. */
const KEPT_ROWS = 360;

/** Slivers of columns from which on it pays to pack the left side too, where it could be read in place. */
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
  // Few columns in one sliver: 3 × 12 sums where a fused product needs no register of its own.
  const isTriple = !wide && options.fused === true && columns > 2 * lane.count && columns <= 3 * lane.count;
  const width = (isTriple ? 3 : wide ? 4 : 2) * lane.count;
  const depth = depthOf(inner, lane);
  const depthBlocks = Math.max(1, Math.ceil(inner / depth));
  const tiles = rowTiles(rows, isTriple ? 3 : rowsOfTile(wide, options.fused === true));
  const blockColumns = balanced(columns, BLOCK_COLUMNS, width);
  const keepsAll = epilogue.kind === "dense" || depthBlocks === 1 || rows <= KEPT_ROWS;
  const [leftAccess, rightAccess] = [accessOf(left, lane), accessOf(right, lane)];
  const leftPacked = !leftAccess.direct || columns >= PACKED_LEFT_SLIVERS * width;
  const rightPacked = !(rightAccess.direct && rightAccess.along === "free" && rows <= tiles.rows);
  const plan: Omit<BlockPlan, "regions"> = {
    kind: "block",
    leftAccess,
    rightAccess,
    left: leftPacked
      ? { packed: true, row: lane.bytes, term: 0, tileStep: depth * lane.bytes }
      : {
          packed: false,
          row: strideOf(left.free) ?? 0,
          term: strideOf(left.inner) ?? 0,
          tileStep: strideOf(left.free) ?? 0,
        },
    right: rightPacked
      ? { packed: true, term: width * lane.bytes, sliver: depth * width * lane.bytes }
      : { packed: false, term: strideOf(right.inner) ?? 0, sliver: width * lane.bytes },
    tiles,
    // V8 joins vectors from neighbouring stores backwards: an epilogue in between would keep it from doing so.
    inline: epilogue.kind === "emitted" && epilogue.inline && !wide,
    tileRow: epilogue.kind === "dense" ? epilogue.row : blockColumns * lane.bytes,
    width,
    depth,
    depthBlocks,
    blockRows: balanced(rows, (BLOCK_ROWS * 4) / lane.bytes, tiles.rows),
    blockColumns,
    keptRows: keepsAll ? Math.max(rows, 1) : KEPT_ROWS,
  };
  return { ...plan, regions: blockRegions(plan, sizes, lane, epilogue) };
}

function blockRegions(
  shape: Omit<BlockPlan, "regions">,
  sizes: Sizes,
  lane: Lane,
  epilogue: Epilogue,
): Regions {
  const { width, depth, blockColumns, blockRows, keptRows, depthBlocks, tiles } = shape;
  const { left, right, leftAccess, rightAccess, tileRow } = shape;
  const panelRows = Math.min(blockRows, sizes.rows) + thinRows(tiles);
  const needsTile = epilogue.kind === "emitted" && !(shape.inline && depthBlocks === 1);
  const tileRows = Math.min(sizes.rows, (depthBlocks === 1 ? blockRows : keptRows) + thinRows(tiles));
  return {
    left: left.packed ? panelRows * depth * lane.bytes + PANEL_SLACK : 0,
    right: right.packed ? blockColumns * depth * lane.bytes : 0,
    lines: Math.max(
      left.packed ? lineRoom(leftAccess, lane, tiles.rows, depth, panelRows) : 0,
      right.packed ? lineRoom(rightAccess, lane, width, depth, blockColumns) : 0,
    ),
    tile: needsTile ? tileRows * tileRow : 0,
  };
}
