import type { Region } from "../../../region.ts";
import type { Contraction } from "../contraction.ts";
import { type RowTiles, rowTiles, thinRows } from "../micro-kernel/tiles.ts";
import { singleStride, strideOf } from "../operand.ts";
import {
  type Access,
  type LineLayout,
  type PackedLayout,
  accessOf,
  lineLayout,
  packedLayout,
} from "../pack/layout.ts";
import { ownRegion } from "../regions.ts";
import { balanced, depthOf } from "../sizes.ts";

/** Rows in a block: it stays in the second-level cache while the panels of the right side pass. */
const BLOCK_ROWS = 96;

/** Columns in a block: its panels stay in the second-level cache. */
const BLOCK_COLUMNS = 320;

/** Rows whose sums over several blocks of terms are kept, if the result can't hold them: a multiple of 4, 5 and 6. */
const KEPT_ROWS = 360;

/**
 * Panels of columns from which on the left side is packed although it could be read in place: terms that are a power of two
 * apart fall into few sets of a cache.
 */
const PACKED_LEFT_PANELS = 6;

/** A side on its way to the micro-kernel. */
interface Side {
  readonly access: Access;
  /** It is copied to panels; else it is read in place. */
  readonly packed: boolean;
  readonly layout: PackedLayout;
  readonly lines: LineLayout;
}

interface LeftSide extends Side {
  /** Bytes from a row of a tile to the next, and from a term to the next if it is in place. */
  readonly row: number;
  readonly term: number;
  /** Bytes from a tile to the next, for each of its rows. */
  readonly tileStep: number;
}

interface RightSide extends Side {
  /** Bytes from a term to the next, and from a panel to the next. */
  readonly term: number;
  readonly panel: number;
}

/**
 * Blocks of terms, columns and rows, with either side packed to panels or read in place.
 *
 * Precondition: none. Every contraction can be computed this way.
 * Regions: packedLeft (a block of rows), packedRight (a block of columns), lines, and sums if they go to an epilogue's own
 * loop or wait for another block of terms.
 * Cost: 2·rows·columns·inner operations. Packing moves the right side once for each block of kept rows, the left side once
 * for each block of columns.
 */
export interface BlockPlan {
  readonly kind: "block";
  readonly left: LeftSide;
  readonly right: RightSide;
  readonly tiles: RowTiles;
  /** Bytes from a row of sums in memory to the next. */
  readonly tileRow: number;
  /** Columns of a panel. */
  readonly width: number;
  /** Terms of a block, and blocks of terms. */
  readonly depth: number;
  readonly depthBlocks: number;
  readonly blockRows: number;
  readonly blockColumns: number;
  /** Rows whose sums are kept over all blocks of terms. */
  readonly keptRows: number;
  readonly regions: readonly Region<"packedLeft" | "packedRight" | "lines" | "sums">[];
}

export function blockPlan(contraction: Contraction): BlockPlan {
  const { sizes, lane, wide, epilogue } = contraction;
  const { rows, columns, inner } = sizes;
  const width = (wide ? 4 : 2) * lane.count;
  const depth = depthOf(inner, lane);
  const depthBlocks = Math.max(1, Math.ceil(inner / depth));
  const tiles = rowTiles(rows, contraction);
  const blockColumns = balanced(columns, BLOCK_COLUMNS, width);
  const blockRows = balanced(rows, (BLOCK_ROWS * 4) / lane.bytes, tiles.rows);
  const keepsAll = epilogue.kind === "dense" || depthBlocks === 1 || rows <= KEPT_ROWS;
  const keptRows = keepsAll ? Math.max(rows, 1) : KEPT_ROWS;
  const mostRows = (block: number): number => Math.min(rows, block + thinRows(tiles));
  const left = leftSide(contraction, tiles, width, depth, mostRows(blockRows));
  const right = rightSide(contraction, tiles, width, depth, blockColumns);
  const tileRow = epilogue.kind === "dense" ? epilogue.row : blockColumns * lane.bytes;
  const sumRows = mostRows(depthBlocks === 1 ? blockRows : keptRows);
  const lines = [left, right].map((side) => (side.packed ? side.lines.bytes : 0));
  return {
    kind: "block",
    left,
    right,
    tiles,
    tileRow,
    width,
    depth,
    depthBlocks,
    blockRows,
    blockColumns,
    keptRows,
    regions: [
      ownRegion("packedLeft", left.layout.bytes),
      ownRegion("packedRight", right.layout.bytes),
      ownRegion("lines", Math.max(...lines)),
      ownRegion("sums", epilogue.kind === "emitted" ? sumRows * tileRow : 0),
    ],
  };
}

/** In place if its steps along rows and terms are one each and not negative, and its panels would be few. */
function leftSide(
  { left, lane, sizes: { columns } }: Contraction,
  tiles: RowTiles,
  width: number,
  depth: number,
  rows: number,
): LeftSide {
  const access = accessOf(left, lane);
  const packed = !access.direct || columns >= PACKED_LEFT_PANELS * width;
  const layout = packedLayout(packed ? rows : 0, depth, lane);
  const side = { access, packed, layout, lines: lineLayout(access, lane, tiles.rows, depth, rows) };
  if (packed) return { ...side, row: lane.bytes, term: 0, tileStep: layout.freeBytes };
  const row = singleStride(left.free);
  return { ...side, row, term: singleStride(left.inner), tileStep: row };
}

/** In place if its columns are neighbours, its terms have a step above zero and one tile has all rows. */
function rightSide(
  { right, lane, sizes: { rows, inner } }: Contraction,
  tiles: RowTiles,
  width: number,
  depth: number,
  columns: number,
): RightSide {
  const access = accessOf(right, lane);
  const term = strideOf(right.inner);
  // Terms end where the pointer to the right side does, so it must move from one to the next.
  const moves = inner <= 1 || (term !== undefined && term > 0);
  const inPlace = access.direct && access.along === "free" && rows <= tiles.rows && moves;
  const layout = packedLayout(inPlace ? 0 : columns, depth, lane);
  const side = { access, packed: !inPlace, layout, lines: lineLayout(access, lane, width, depth, columns) };
  return inPlace
    ? { ...side, term: singleStride(right.inner), panel: width * lane.bytes }
    : { ...side, term: width * lane.bytes, panel: width * layout.freeBytes };
}
