import { type Body, type Callee, type Local, type ModuleBuilder, i32, v128 } from "../../../emit/index.ts";
import type { Lane } from "../lane.ts";

/** Rows of the largest micro-kernel. */
const MOST_ROWS = 6;

/**
 * Rows that a micro-kernel computes at once. V8 before version 12 moves all broadcasts of the left to the start of the
 * loop's body, so a tile of r × 8 needs 3·r + 2 vector registers, of 15: 4 × 8 is the largest that never spills, and
 * with 8 sums it still hides the latency of a fused multiply-add. Pairs joined to 256 bits come with a newer compiler,
 * for which 6 × 16 is better, or 5 × 16 where products need a register of their own.
 */
export const rowsOfTile = (wide: boolean, fused: boolean): number => (!wide ? 4 : fused ? MOST_ROWS : 5);

/** Bytes of a table of terms before the first offset: whether it adds, and an address. */
export const TABLE_HEAD = 8;

/** micro(a, b, bEnd, tile, adds): `adds` is not zero where sums of earlier blocks of terms are in the tile. */
export type Micro = Callee<["i32", "i32", "i32", "i32", "i32"], "void">;

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
  /**
   * A side whose terms lie at the byte offsets of a table; `adds` is where the table begins, with the flag. On the right
   * `bEnd` is the last offset's end less the table's head. On the left `a` is a list of the rows' own offsets, and the
   * table's second word the address that they count from.
   */
  readonly indexed?: "left" | "right";
}

/**
 * A leaf function that multiplies some rows by a sliver of columns. The sum over a block of terms is in order, starts at
 * zero and is then added to the blocks before, whatever the tile's size: results depend on the blocks of terms alone.
 * Terms are not unrolled: V8 would hoist broadcasts and spill sums.
 */
export function emitMicro(module: ModuleBuilder, rows: number, shape: MicroShape): Micro {
  const { lane, columns, blocks } = shape;
  const vectors = Math.ceil(columns / lane.count);
  return module.function(["i32", "i32", "i32", "i32", "i32"], "void", (body, a, b, end, tile, adds) => {
    const sums = Array.from({ length: rows }, () =>
      Array.from({ length: vectors }, () => body.local("v128")),
    );
    const right = Array.from({ length: vectors }, () => body.local("v128"));
    const left = body.local("v128");
    const mode = shape.indexed && blocks ? body.let(i32.load(adds)) : adds;
    const lines =
      shape.indexed === "left"
        ? sums.map((_, index) => body.let(i32.add(i32.load(a, index * 4), i32.load(adds, 4))))
        : [];
    if (!shape.empty) {
      const from = shape.indexed === "right" ? body.local("i32") : b;
      const offset = body.local("i32");
      body.loop((again) => {
        if (shape.indexed === "right") body.set(from, i32.add(b, i32.load(adds, TABLE_HEAD)));
        if (shape.indexed === "left") body.set(offset, i32.load(adds, TABLE_HEAD));
        right.forEach((vector, index) => body.set(vector, v128.load(from, index * 16)));
        sums.forEach((line, index) => {
          const own = lines[index];
          body.set(
            left,
            own === undefined ? lane.splat(a, index * shape.leftRow) : lane.splat(i32.add(own, offset), 0),
          );
          line.forEach((sum, place) => {
            const other = right[place];
            if (other !== undefined) body.set(sum, lane.multiplyAdd(sum, left, other));
          });
        });
        const advance = (pointer: Local<"i32">, bytes: number): void =>
          body.set(pointer, i32.add(pointer, i32.const(bytes)));
        if (shape.indexed !== "left") advance(a, shape.leftTerm);
        if (shape.indexed !== undefined) advance(adds, 4);
        if (shape.indexed !== "right") advance(b, shape.rightTerm);
        body.jumpIf(again, i32.ltU(shape.indexed === "right" ? adds : b, end));
      });
    }
    if (blocks) {
      body.if(mode, () =>
        sums.forEach((line, index) =>
          line.forEach((sum, place) =>
            body.set(sum, lane.add(v128.load(tile, index * shape.tileRow + place * 16), sum)),
          ),
        ),
      );
    }
    sums.forEach((line, index) => storeRow(body, shape, tile, index, line));
  });
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

/** Rows as tiles of two sizes that differ by one: none is thin. */
export interface RowTiles {
  readonly rows: number;
  /** Rows in tiles of `rows`. */
  readonly main: number;
  /** Tiles after that, each with a row less. */
  readonly thinner: number;
}

export function rowTiles(size: number, most: number): RowTiles {
  const tiles = Math.max(1, Math.ceil(size / most));
  const rows = Math.max(1, Math.ceil(size / tiles));
  const thinner = tiles * rows - size;
  return { rows, main: (tiles - thinner) * rows, thinner: rows === 1 ? 0 : thinner };
}

/** Rows in the thinner tiles. */
export const thinRows = ({ rows, thinner }: RowTiles): number => (rows - 1) * thinner;
