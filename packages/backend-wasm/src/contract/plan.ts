import type { BufferId, ContractKernel } from "@adjoint/compiler";
import { elementCount } from "@adjoint/ir";
import type { Epilogue } from "./epilogue.ts";
import { type Lane, isPlain, laneOf, sumTypeOf } from "./lane.ts";
import { MOST_ROWS, type RowTiles, rowTiles, rowsOfTile } from "./micro.ts";
import { type Operand, operandOf, strideOf } from "./operand.ts";
import { type Access, type LeftPanel, accessOf, isContiguous, leftPanel, lineRoom } from "./pack.ts";

/** Terms in a block: a sliver of the right side stays in the first-level cache. */
const DEPTH = 400;
const WIDE_DEPTH = 256;
/** Rows in a block: it stays in the second-level cache while the slivers pass. */
const BLOCK_ROWS = 96;
/** Columns in a block: its slivers stay in the second-level cache. */
const BLOCK_COLUMNS = 320;
/** Rows whose sums over several blocks of terms are kept, where the result can't hold them: a multiple of every tile. */
const KEPT_ROWS = 360;
/** Sums that a matrix-vector product keeps at once. */
export const VECTOR_BLOCK = 1024;
/** Bytes past an operand's last element that may be read (never used): memory must go on that far behind every buffer. */
export const READ_SLACK = 64;

export interface PlanOptions {
  /** Fused multiply-add (relaxed SIMD). */
  readonly fused?: boolean;
  /** Pairs of vectors that V8 joins into 256-bit ones. */
  readonly wide?: boolean;
  /** Threads that may run it at once, 1 if absent. */
  readonly threads?: number;
  /** Threads split this part; found if absent. */
  readonly split?: Split;
}

export type Split = "batch" | "rows" | "columns";

interface Sizes {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

export interface VectorPlan {
  readonly kind: "vector";
  /** The side that is a matrix: its free part is walked. */
  readonly matrix: "rows" | "columns";
  readonly along: "free" | "inner";
  /** The other side is read in place. */
  readonly direct: boolean;
}

export interface BlockPlan {
  readonly kind: "block";
  readonly leftAccess: Access;
  readonly rightAccess: Access;
  readonly tiles: RowTiles;
  /** Columns of a sliver. */
  readonly width: number;
  readonly depth: number;
  readonly depthBlocks: number;
  readonly blockRows: number;
  readonly blockColumns: number;
  readonly keptRows: number;
  readonly panel: LeftPanel | undefined;
}

export interface Plan {
  readonly sizes: Sizes;
  readonly lane: Lane;
  readonly left: Operand;
  readonly right: Operand;
  readonly split: Split;
  readonly shape: VectorPlan | BlockPlan;
  /** Where each region of a thread's workspace begins. */
  readonly regions: {
    readonly left: number;
    readonly right: number;
    readonly lines: number;
    readonly tile: number;
  };
  /** Bytes of a thread's workspace. */
  readonly threadBytes: number;
}

/** Blocks of about equal size, a multiple of `unit`, none above `most`. */
const balanced = (size: number, most: number, unit: number): number => {
  const blocks = Math.max(1, Math.ceil(size / most));
  return Math.max(unit, Math.ceil(size / blocks / unit) * unit);
};

export function planContraction(
  kernel: ContractKernel,
  options: PlanOptions,
  epilogue: Epilogue,
  address: (buffer: BufferId) => number = () => 0,
): Plan {
  const sizes: Sizes = {
    batch: elementCount(kernel.batch),
    rows: elementCount(kernel.rows),
    columns: elementCount(kernel.columns),
    inner: elementCount(kernel.inner),
  };
  const lane = laneOf(sumTypeOf(kernel.dtype), options.fused === true);
  const left = operandOf(kernel, kernel.left, "rows", address);
  const right = operandOf(kernel, kernel.right, "columns", address);
  const shape =
    vectorPlan(sizes, lane, left, right) ?? blockPlan(sizes, lane, left, right, options, epilogue);
  const bytes = regionBytes(shape, sizes, lane, epilogue);
  const start = [0, 0, 0, 0];
  let total = 0;
  bytes.forEach((size, index) => {
    start[index] = total;
    total += Math.ceil(size / 64) * 64;
  });
  const [atLeft = 0, atRight = 0, lines = 0, tile = 0] = start;
  return {
    sizes,
    lane,
    left,
    right,
    shape,
    split: options.split ?? splitOf(sizes, shape),
    regions: { left: atLeft, right: atRight, lines, tile },
    threadBytes: total,
  };
}

function vectorPlan(sizes: Sizes, lane: Lane, left: Operand, right: Operand): VectorPlan | undefined {
  const { rows, columns, inner } = sizes;
  if ((rows === 1) === (columns === 1) || inner === 0) return undefined;
  const [matrix, vector] = rows === 1 ? [right, left] : [left, right];
  const { free, bytes } = matrix;
  const steps = [strideOf(free), strideOf(matrix.inner)];
  if (!isPlain(matrix.dtype, lane) || matrix.guards.length > 0) return undefined;
  if (steps.some((step) => step === undefined || step < 0)) return undefined;
  const along = isContiguous(matrix.inner, bytes)
    ? ("inner" as const)
    : isContiguous(free, bytes)
      ? ("free" as const)
      : undefined;
  if (along === undefined) return undefined;
  const direct =
    isPlain(vector.dtype, lane) && vector.guards.length === 0 && isContiguous(vector.inner, vector.bytes);
  return { kind: "vector", matrix: rows === 1 ? "columns" : "rows", along, direct };
}

function blockPlan(
  { rows, columns, inner }: Sizes,
  lane: Lane,
  left: Operand,
  right: Operand,
  options: PlanOptions,
  epilogue: Epilogue,
): BlockPlan {
  const width = (options.wide === true ? 4 : 2) * lane.count;
  const depth = balanced(inner, ((options.wide === true ? WIDE_DEPTH : DEPTH) * 4) / lane.bytes, 8);
  const depthBlocks = Math.max(1, Math.ceil(inner / depth));
  const tiles = rowTiles(rows, rowsOfTile(options.wide === true, options.fused === true));
  const blockRows = balanced(rows, (BLOCK_ROWS * 4) / lane.bytes, tiles.rows);
  const keepsAll = epilogue.kind === "dense" || depthBlocks === 1 || rows <= KEPT_ROWS;
  const [leftAccess, rightAccess] = [accessOf(left, lane), accessOf(right, lane)];
  return {
    kind: "block",
    leftAccess,
    rightAccess,
    tiles,
    width,
    depth,
    depthBlocks,
    blockRows,
    blockColumns: balanced(columns, BLOCK_COLUMNS, width),
    keptRows: keepsAll ? Math.max(rows, 1) : KEPT_ROWS,
    panel: leftAccess.direct ? undefined : leftPanel(leftAccess, lane, blockRows + 2 * MOST_ROWS, depth),
  };
}

/** Bytes of the left panel, the right slivers, lines, and the tile. */
function regionBytes(
  shape: VectorPlan | BlockPlan,
  sizes: Sizes,
  lane: Lane,
  epilogue: Epilogue,
): readonly number[] {
  if (shape.kind === "vector") {
    const free = Math.min(VECTOR_BLOCK, sizes[shape.matrix]);
    return [shape.direct ? 0 : sizes.inner * lane.bytes + 16, 0, 0, (free + 8) * lane.bytes];
  }
  const { width, depth, blockColumns, blockRows, keptRows, depthBlocks, panel, rightAccess } = shape;
  const stripe = Math.min(
    sizes.rows,
    depthBlocks === 1 ? blockRows + 2 * MOST_ROWS : keptRows + 2 * MOST_ROWS,
  );
  const tileColumns = depthBlocks === 1 ? width : blockColumns;
  return [
    panel?.bytes ?? 0,
    blockColumns * depth * lane.bytes,
    lineRoom(rightAccess, lane, width, depth, blockColumns),
    epilogue.kind === "dense" ? 0 : stripe * tileColumns * lane.bytes,
  ];
}

/** The part with most units of work; columns first, since each thread then packs only what it multiplies. */
function splitOf({ batch, rows, columns }: Sizes, shape: VectorPlan | BlockPlan): Split {
  if (batch >= 8) return "batch";
  if (shape.kind === "vector") return shape.matrix;
  const slivers = Math.ceil(columns / shape.width);
  const tiles = Math.ceil(rows / shape.tiles.rows);
  if (batch > 1 && batch >= Math.max(slivers, tiles)) return "batch";
  // Short of an eighth of the work more or less for a thread, columns are the better choice.
  if (slivers >= 8 || slivers >= tiles) return "columns";
  return "rows";
}
