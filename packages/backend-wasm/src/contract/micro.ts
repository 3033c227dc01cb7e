import { type Body, type Callee, type Local, type ModuleBuilder, i32, v128 } from "../emit/index.ts";
import { type EmittedEpilogue, applyEpilogue } from "./epilogue.ts";
import type { Lane } from "./lane.ts";

/** Rows of the largest micro-kernel. */
export const MOST_ROWS = 6;

/**
 * Rows that a micro-kernel computes at once. V8 before version 12 moves all broadcasts of the left to the start of the
 * loop's body, so a tile of r × 8 needs 3·r + 2 vector registers, of 15: 4 × 8 is the largest that never spills, and
 * with 8 sums it still hides the latency of a fused multiply-add. Pairs joined to 256 bits come with a newer compiler,
 * for which 6 × 16 is better, or 5 × 16 where products need a register of their own.
 */
export const rowsOfTile = (wide: boolean, fused: boolean): number => (!wide ? 4 : fused ? MOST_ROWS : 5);

/** Sums of earlier blocks of terms are in the tile; this one adds to them. */
export const ADD = 1;
/** No block of terms follows. */
export const LAST = 2;

/** micro(a, b, bEnd, tile, flags, row, column, batch). */
export type Micro = Callee<["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], "void">;

export interface MicroShape {
  readonly lane: Lane;
  /** Columns that are there, and the vectors that hold them. */
  readonly columns: number;
  /** Byte steps: of the left along rows and terms, of the right along terms, of the tile along rows. */
  readonly leftRow: number;
  readonly leftTerm: number;
  readonly rightTerm: number;
  readonly tileRow: number;
  /** Terms come in several blocks. */
  readonly blocks: boolean;
  /** There are no terms at all. */
  readonly empty: boolean;
  /** Writes past `columns` reach other elements. */
  readonly exact: boolean;
  /** Runs on the registers after the last block; else sums go to the tile. */
  readonly epilogue?: EmittedEpilogue;
}

/**
 * A leaf function that multiplies some rows by a sliver of columns. The sum over a block of terms is in order, starts at
 * zero and is then added to the blocks before, whatever the tile's size: results depend on the blocks of terms alone.
 * Terms are not unrolled: V8 would hoist broadcasts and spill sums.
 */
export function emitMicro(module: ModuleBuilder, rows: number, shape: MicroShape): Micro {
  const { lane, columns, blocks, epilogue } = shape;
  const vectors = Math.ceil(columns / lane.count);
  return module.function(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    "void",
    (body, a, b, end, tile, flags, row, column, batch) => {
      const sums = Array.from({ length: rows }, () =>
        Array.from({ length: vectors }, () => body.local("v128")),
      );
      const right = Array.from({ length: vectors }, () => body.local("v128"));
      const left = body.local("v128");
      if (!shape.empty) {
        body.loop((again) => {
          right.forEach((vector, index) => body.set(vector, v128.load(b, index * 16)));
          sums.forEach((line, index) => {
            body.set(left, lane.splat(a, index * shape.leftRow));
            line.forEach((sum, place) => {
              const other = right[place];
              if (other !== undefined) body.set(sum, lane.multiplyAdd(sum, left, other));
            });
          });
          body.set(a, i32.add(a, i32.const(shape.leftTerm)));
          body.set(b, i32.add(b, i32.const(shape.rightTerm)));
          body.jumpIf(again, i32.ltU(b, end));
        });
      }
      if (blocks) {
        body.if(i32.and(flags, i32.const(ADD)), () =>
          sums.forEach((line, index) =>
            line.forEach((sum, place) =>
              body.set(sum, lane.add(v128.load(tile, index * shape.tileRow + place * 16), sum)),
            ),
          ),
        );
      }
      const store = (): void => sums.forEach((line, index) => storeRow(body, shape, tile, index, line));
      if (epilogue === undefined) return store();
      const finish = (): void => {
        const at = body.local("i32");
        sums.forEach((line, index) => {
          body.set(at, i32.add(row, i32.const(index)));
          applyEpilogue(body, epilogue, lane, line, columns, at, column, batch);
        });
      };
      if (blocks) body.if(i32.and(flags, i32.const(LAST)), finish, store);
      else finish();
    },
  );
}

function storeRow(
  body: Body,
  { lane, columns, exact, tileRow }: MicroShape,
  tile: Local<"i32">,
  row: number,
  sums: readonly Local<"v128">[],
): void {
  sums.forEach((sum, place) => {
    const offset = row * tileRow + place * 16;
    const valid = columns - place * lane.count;
    if (!exact || valid >= lane.count) body.run(v128.store(tile, sum, offset));
    else
      for (let element = 0; element < valid; element++)
        body.run(lane.storeLane(tile, sum, element, offset + element * lane.bytes));
  });
}

/** Rows in whole tiles, but for the last few, which two tiles share evenly where one alone would be thin. */
export interface RowTiles {
  readonly rows: number;
  /** Rows in whole tiles. */
  readonly main: number;
  /** Tiles after that; with one whole tile's rows more, at most. */
  readonly tails: readonly number[];
}

export function rowTiles(size: number, rows: number): RowTiles {
  const rest = size % rows;
  if (rest === 0) return { rows, main: size, tails: [] };
  if (rest > rows / 2 || size < rows) return { rows, main: size - rest, tails: [rest] };
  const two = rows + rest;
  return { rows, main: size - two, tails: [Math.ceil(two / 2), Math.floor(two / 2)] };
}
