import type { Region } from "../../region.ts";
import type { Split } from "../../share.ts";
import type { Epilogue } from "./epilogue/epilogue.ts";
import type { Lane } from "./lane.ts";
import type { RowTiles } from "./micro-kernel/micro-kernel.ts";
import type { Operand } from "./operand.ts";
import type { Access, EmitLine, Lines, Panel } from "./pack/pack.ts";
import type { Sizes } from "./sizes.ts";
import type { Window } from "./windows.ts";

/** How a contraction is computed. */
export interface Plan {
  readonly sizes: Sizes;
  readonly lane: Lane;
  readonly left: Operand;
  readonly right: Operand;
  readonly split: Split;
  readonly shape: Shape;
  /** Copies what is no matrix in memory. */
  readonly emitLine: EmitLine;
  /** The epilogue, as code where sums can't be stored by the micro-kernel. */
  readonly epilogue: Epilogue;
  /** Bytes behind each region that nothing may touch. */
  readonly gap: number;
}

/** Its shape: one for each way to walk the operands. */
export type Shape = VectorPlan | BlockPlan | WindowPlan | SwappedPlan | TapsPlan;

/** How the micro-kernel walks the left side, in bytes. */
interface LeftWalk {
  /** Copied to slivers as wide as a tile; else read in place. */
  readonly packed: boolean;
  /** From a row of a tile to the next. */
  readonly row: number;
  /** From a term to the next, where it is in place. */
  readonly term: number;
  /** From a tile to the next, for each of its rows. */
  readonly tileStep: number;
}

interface RightWalk {
  readonly packed: boolean;
  readonly term: number;
  /** From a sliver to the next. */
  readonly sliver: number;
}

/** The left side's slivers, the right side's, lines on their way to either, and sums. */
type BlockRegion = "panel" | "slivers" | "lines" | "sums";
/** The vector's copy, and sums. */
type VectorRegion = "vector" | "sums";
/** The left side's slivers, a table of each block's terms, lines on their way to be packed, an image, and sums. */
type WindowRegion = "panel" | "tables" | "lines" | "image" | "sums";
/** The same, with the offset of each of the micro-kernel's rows, and sums on their way to be finished. */
type SwappedRegion = WindowRegion | "places" | "turned";

export interface BlockPlan {
  readonly kind: "block";
  readonly leftAccess: Access;
  readonly rightAccess: Access;
  readonly left: LeftWalk;
  readonly right: RightWalk;
  readonly leftPanel: Panel;
  readonly leftLines: Lines;
  readonly rightPanel: Panel;
  readonly rightLines: Lines;
  readonly tiles: RowTiles;
  /** Bytes from a row of sums in memory to the next. */
  readonly tileRow: number;
  /** Columns of a sliver. */
  readonly width: number;
  readonly depth: number;
  readonly depthBlocks: number;
  readonly blockRows: number;
  readonly blockColumns: number;
  readonly keptRows: number;
  readonly regions: readonly Region<BlockRegion>[];
}

/** A product of a matrix and a vector. */
export interface VectorPlan {
  readonly kind: "vector";
  /** The side that is a matrix: its free part is walked. */
  readonly matrix: "rows" | "columns";
  readonly along: "free" | "inner";
  /** The other side is read in place. */
  readonly direct: boolean;
  /** Terms that are summed from zero, and bytes of the sums that are kept at once. */
  readonly block: { readonly terms: number; readonly sumBytes: number };
  readonly regions: readonly Region<VectorRegion>[];
}

/** A right side read through windows where it lies, or in a padded copy: no slivers are packed. */
export interface WindowPlan {
  readonly kind: "window";
  readonly window: Window;
  /** What threads share of the columns. */
  readonly images: number;
  readonly leftAccess: Access;
  readonly leftPanel: Panel;
  readonly leftLines: Lines;
  readonly tiles: RowTiles;
  readonly width: number;
  readonly depth: number;
  readonly depthBlocks: number;
  readonly tileRow: number;
  /** Runs whose sums are kept at once, and columns from one to the next. */
  readonly keptRuns: number;
  readonly keptRun: number;
  readonly regions: readonly Region<WindowRegion>[];
}

/** Windows with the sides swapped: positions are the micro-kernel's rows, the kernel's rows are packed to slivers. */
export interface SwappedPlan {
  readonly kind: "swapped";
  readonly window: Window;
  /** What threads share of the columns. */
  readonly images: number;
  readonly leftAccess: Access;
  readonly leftPanel: Panel;
  readonly leftLines: Lines;
  /** Positions of an image, and tiles of them. */
  readonly positions: number;
  readonly tiles: RowTiles;
  readonly width: number;
  readonly depth: number;
  readonly depthBlocks: number;
  /** Positions whose sums are kept at once; in the last group `most`. */
  readonly group: number;
  readonly most: number;
  readonly regions: readonly Region<SwappedRegion>[];
}

/**
 * Windows whose taps are columns and whose positions are terms, as in the gradient by a convolution's weight. Sides change
 * places: taps are the micro-kernel's rows, read where they lie, the kernel's rows are packed to slivers.
 */
export interface TapsPlan {
  readonly kind: "taps";
  readonly window: Window;
  /** The kernel's left side within an image: its batch goes on with the images. */
  readonly packed: Operand;
  readonly packedAccess: Access;
  readonly packedPanel: Panel;
  readonly packedLines: Lines;
  /** Tiles of columns. */
  readonly tiles: RowTiles;
  readonly width: number;
  /** Runs of positions in a block of terms. */
  readonly blockRuns: number;
  readonly depth: number;
  /** Rows whose sums are kept at once: whole slivers. */
  readonly chunk: number;
  readonly regions: readonly Region<SwappedRegion>[];
}
