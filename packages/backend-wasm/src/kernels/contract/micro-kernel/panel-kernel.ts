import { type Callee, type ModuleBuilder, call, i32, select } from "../../../emit/index.ts";
import { type Micro, type MicroShape, emitMicro, type RowTiles } from "./micro-kernel.ts";

/** stripe(a, b, bEnd, tile, adds, row, rowEnd): all rows of a block by one sliver. */
export type Stripe = Callee<["i32", "i32", "i32", "i32", "i32", "i32", "i32"], "void">;

export interface StripeShape extends Omit<MicroShape, "leftTerm"> {
  readonly tiles: RowTiles;
  /** From a term to the next, of a left side in place; else it is packed as wide as the tiles. */
  readonly leftTerm?: number;
  /** From a tile to the next on the left side, for each of its rows. */
  readonly tileStep: number;
}

/** A stripe with the sides swapped: its rows are offsets into an image, its columns the kernel's rows, packed to slivers. */
export const emitSwappedStripe = (
  module: ModuleBuilder,
  {
    width,
    ...shape
  }: Pick<StripeShape, "lane" | "tiles" | "tileRow" | "blocks"> & { readonly width: number },
): Stripe =>
  emitStripe(module, {
    ...shape,
    columns: width,
    leftRow: 0,
    tileStep: 4,
    rightTerm: width * shape.lane.bytes,
    empty: false,
    exact: false,
    indexed: "left",
  });

/** The function that runs a sliver of columns through a block of rows. */
export function emitStripe(module: ModuleBuilder, shape: StripeShape): Stripe {
  const { tiles, tileStep, tileRow, lane } = shape;
  const micro = (rows: number): Micro =>
    emitMicro(module, rows, { ...shape, leftTerm: shape.leftTerm ?? rows * lane.bytes });
  const whole = tiles.main > 0 ? micro(tiles.rows) : undefined;
  const thin = tiles.thinner > 0 ? micro(tiles.rows - 1) : undefined;
  return module.function(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    "void",
    (body, a, b, end, tile, adds, first, rowEnd) => {
      const row = body.let(first);
      const walk = (kernel: Micro, rows: number, stop: typeof row): void =>
        body.for(row, stop, rows, () => {
          body.run(call(kernel, a, b, end, tile, adds));
          body.set(a, i32.add(a, i32.const(rows * tileStep)));
          body.set(tile, i32.add(tile, i32.const(rows * tileRow)));
        });
      if (whole !== undefined) {
        const limit = body.let(i32.const(tiles.main));
        walk(whole, tiles.rows, body.let(select(i32.ltS(rowEnd, limit), rowEnd, limit)));
      }
      if (thin !== undefined) walk(thin, tiles.rows - 1, rowEnd);
    },
  );
}
