import { type Local, type ModuleBuilder, i32, select } from "../../../emit/index.ts";
import { type Procedure, invoke, procedure } from "../procedure.ts";
import { type MicroKernelShape, OPERANDS, type OperandName, emitMicroKernel } from "./micro-kernel.ts";
import type { RowTiles } from "./tiles.ts";

/** Multiplies rows by a panel of columns, tile by tile. The addresses are those of the first row. */
export type PanelKernel = Procedure<OperandName | "firstRow" | "endRow">;

export interface PanelKernelShape extends Omit<MicroKernelShape, "leftTerm"> {
  readonly tiles: RowTiles;
  /** Bytes from a term to the next on a left side that is read in place; if absent, the left side is packed by tiles. */
  readonly leftTerm?: number;
  /** Bytes on the left side from a tile to the next, for each of its rows. */
  readonly tileStep: number;
}

export function emitPanelKernel(module: ModuleBuilder, shape: PanelKernelShape): PanelKernel {
  const { tiles, tileStep, tileRow, lane } = shape;
  const microKernel = (rows: number): ReturnType<typeof emitMicroKernel> =>
    emitMicroKernel(module, rows, { ...shape, leftTerm: shape.leftTerm ?? rows * lane.bytes });
  const whole = tiles.main > 0 ? microKernel(tiles.rows) : undefined;
  const thin = tiles.thinner > 0 ? microKernel(tiles.rows - 1) : undefined;
  return procedure(module, [...OPERANDS, "firstRow", "endRow"], (body, { firstRow, endRow, ...operands }) => {
    const { left, tile } = operands;
    const row = body.let(firstRow);
    const loopOverTiles = (kernel: NonNullable<typeof whole>, rows: number, end: Local<"i32">): void =>
      body.for(row, end, rows, () => {
        invoke(body, kernel, operands);
        body.set(left, i32.add(left, i32.const(rows * tileStep)));
        body.set(tile, i32.add(tile, i32.const(rows * tileRow)));
      });
    if (whole !== undefined) {
      const limit = body.let(i32.const(tiles.main));
      loopOverTiles(whole, tiles.rows, body.let(select(i32.ltS(endRow, limit), endRow, limit)));
    }
    if (thin !== undefined) loopOverTiles(thin, tiles.rows - 1, endRow);
  });
}

/**
 * A panel kernel with the sides swapped. Its rows are elements of an image, found by their offsets and the table of the terms'
 * offsets; its columns are the contraction's rows, packed to panels.
 */
export const emitSwappedPanelKernel = (
  module: ModuleBuilder,
  {
    width,
    ...shape
  }: Pick<PanelKernelShape, "lane" | "tiles" | "tileRow" | "severalBlocks"> & { readonly width: number },
): PanelKernel =>
  emitPanelKernel(module, {
    ...shape,
    columns: width,
    leftRow: 0,
    tileStep: 4,
    rightTerm: width * shape.lane.bytes,
    noTerms: false,
    exactStores: false,
    table: "left",
  });
