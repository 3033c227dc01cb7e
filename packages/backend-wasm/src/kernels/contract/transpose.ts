import {
  type Body,
  type Callee,
  type Local,
  type ModuleBuilder,
  type Value,
  call,
  i32,
  select,
  v128,
} from "../../emit/index.ts";
import type { Lane } from "./lane.ts";
import { type Part, decode, weighted } from "./operand.ts";
import { transposed } from "./pack/pack.ts";
import { ownRegion } from "./regions.ts";
import { paddedTo } from "./sizes.ts";
import type { Region } from "../../region.ts";

/** The least number that both divide. */
export const leastCommon = (a: number, b: number): number => {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
};

/** Bytes of a list of offsets. */
export const offsetsBytes = (count: number): number => count * 4;

/** Bytes of a line of sums that were turned. */
export const turnedLine = (columns: number, lane: Lane): number => paddedTo(columns, lane.count) * lane.bytes;

/** Sums as [column, row], and as many rows of them as are turned at once. Whole vectors of columns are turned. */
export const turnedSums = (
  columns: number,
  rows: number,
  lane: Lane,
): readonly Region<"sums" | "turned">[] => [
  ownRegion("sums", rows * turnedLine(columns, lane)),
  ownRegion("turned", lane.count * turnedLine(columns, lane)),
];

/** Byte offsets of a part's elements. */
export function writeOffsets(body: Body, part: Part, to: Value<"i32">, count: number): void {
  const strides = part.map((axis) => axis.stride);
  const [index, at] = [body.let(i32.const(0)), body.let(to)];
  body.for(index, i32.const(count), 1, () => {
    body.run(i32.store(at, weighted(i32.const(0), decode(body, part, index), strides)));
    body.set(at, i32.add(at, i32.const(4)));
  });
}

/** turn(to, from, columns): as many rows of sums as a vector holds, from neighbours along rows to neighbours along columns. */
export function emitTurn(
  module: ModuleBuilder,
  lane: Lane,
  tileRow: number,
  line: number,
): Callee<["i32", "i32", "i32"], "void"> {
  return module.function(["i32", "i32", "i32"], "void", (body, to, from, columns) => {
    const vectors = Array.from({ length: lane.count }, () => body.local("v128"));
    const column = body.let(i32.const(0));
    body.for(column, columns, lane.count, () => {
      vectors.forEach((vector, index) => body.set(vector, v128.load(from, index * tileRow)));
      transposed(body, lane, vectors).forEach((vector, row) => body.run(v128.store(to, vector, row * line)));
      body.set(from, i32.add(from, i32.const(lane.count * tileRow)));
      body.set(to, i32.add(to, i32.const(16)));
    });
  });
}

interface TurnedRows {
  readonly turn: Callee<["i32", "i32", "i32"], "void">;
  /** Where turned sums go, and where those of the first row are. */
  readonly turned: Local<"i32">;
  readonly tile: Local<"i32">;
  readonly first: Local<"i32">;
  readonly end: Local<"i32">;
  readonly columns: Value<"i32">;
}

/** Turns rows of sums, as many at a time as a vector holds, and gives each lot to `write` as a range of rows. */
export function overTurned(
  body: Body,
  lane: Lane,
  { turn, turned, tile, first, end, columns }: TurnedRows,
  write: (from: Local<"i32">, to: Local<"i32">) => void,
): void {
  const [row, from, to] = [body.let(first), body.let(tile), body.local("i32")];
  body.for(row, end, lane.count, () => {
    body.run(call(turn, turned, from, columns));
    body.set(to, i32.add(row, i32.const(lane.count)));
    body.set(to, select(i32.gtS(to, end), end, to));
    write(row, to);
    body.set(from, i32.add(from, i32.const(16)));
  });
}
