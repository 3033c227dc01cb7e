import {
  type Body,
  type Local,
  type ModuleBuilder,
  type Value,
  i32,
  i32x4,
  i8x16,
  select,
  v128,
} from "../../emit/index.ts";
import type { Region } from "../../region.ts";
import type { Lane } from "./lane.ts";
import { type Procedure, invoke, procedure } from "./procedure.ts";
import { type Range, ownRegion } from "./regions.ts";
import { paddedTo } from "./sizes.ts";

/** The columns of a square of sums whose rows are vectors, as vectors. */
export function transposedSquare(
  body: Body,
  lane: Lane,
  rows: readonly Local<"v128">[],
): readonly Value<"v128">[] {
  const [a, b, c, d] = rows;
  if (a === undefined || b === undefined) return rows;
  if (c === undefined || d === undefined) {
    const halves = (half: number): number[] =>
      Array.from({ length: 16 }, (_, byte) => (byte < 8 ? half * 8 + byte : 8 + half * 8 + byte));
    return lane.count === 2 ? [i8x16.shuffle(a, b, halves(0)), i8x16.shuffle(a, b, halves(1))] : rows;
  }
  const [ab0, ab1, cd0, cd1] = [
    body.let(i32x4.shuffle(a, b, [0, 4, 1, 5])),
    body.let(i32x4.shuffle(a, b, [2, 6, 3, 7])),
    body.let(i32x4.shuffle(c, d, [0, 4, 1, 5])),
    body.let(i32x4.shuffle(c, d, [2, 6, 3, 7])),
  ];
  return [
    i32x4.shuffle(ab0, cd0, [0, 1, 4, 5]),
    i32x4.shuffle(ab0, cd0, [2, 3, 6, 7]),
    i32x4.shuffle(ab1, cd1, [0, 1, 4, 5]),
    i32x4.shuffle(ab1, cd1, [2, 3, 6, 7]),
  ];
}

/** Bytes of a row of transposed sums, in whole vectors. */
export const transposedRowBytes = (columns: number, lane: Lane): number =>
  paddedTo(columns, lane.count) * lane.bytes;

/** The regions of sums with the sides swapped: sums as [column, row], and as many rows of them as are transposed at once. */
export const swappedSums = (
  columns: number,
  rows: number,
  lane: Lane,
): readonly Region<"sums" | "transposed">[] => [
  ownRegion("sums", rows * transposedRowBytes(columns, lane)),
  ownRegion("transposed", lane.count * transposedRowBytes(columns, lane)),
];

/** Transposes as many rows of sums as a vector holds: from neighbours along rows to neighbours along columns. */
type Transpose = Procedure<"to" | "from" | "columns">;

/**
 * @param tileRow bytes between the sums of a column and those of the next
 * @param rowBytes bytes from a row of transposed sums to the next
 */
export function emitTranspose(
  module: ModuleBuilder,
  lane: Lane,
  tileRow: number,
  rowBytes: number,
): Transpose {
  return procedure(module, ["to", "from", "columns"], (body, { to, from, columns }) => {
    const vectors = Array.from({ length: lane.count }, () => body.local("v128"));
    const column = body.let(i32.const(0));
    body.for(column, columns, lane.count, () => {
      vectors.forEach((vector, index) => body.set(vector, v128.load(from, index * tileRow)));
      transposedSquare(body, lane, vectors).forEach((vector, row) =>
        body.run(v128.store(to, vector, row * rowBytes)),
      );
      body.set(from, i32.add(from, i32.const(lane.count * tileRow)));
      body.set(to, i32.add(to, i32.const(16)));
    });
  });
}

interface SwappedSums {
  readonly transpose: Transpose;
  /** Address of the transposed sums, and of the sums of the first row. */
  readonly transposed: Local<"i32">;
  readonly sums: Local<"i32">;
  readonly rows: Range;
  /** The number of columns. */
  readonly columns: Value<"i32">;
}

/** Transposes rows of sums, as many at a time as a vector holds, before statements for these rows. */
export function loopOverTransposedRows(
  body: Body,
  lane: Lane,
  { transpose, transposed, sums, rows, columns }: SwappedSums,
  write: (rows: Range) => void,
): void {
  const [row, from, to] = [body.let(rows.first), body.let(sums), body.local("i32")];
  body.for(row, rows.end, lane.count, () => {
    invoke(body, transpose, { to: transposed, from, columns });
    body.set(to, i32.add(row, i32.const(lane.count)));
    body.set(to, select(i32.gtS(to, rows.end), rows.end, to));
    write({ first: row, end: to });
    body.set(from, i32.add(from, i32.const(16)));
  });
}
