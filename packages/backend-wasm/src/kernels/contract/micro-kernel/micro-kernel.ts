import { at } from "@adjoint/ir/values";
import { type Body, type Local, type ModuleBuilder, i32, v128 } from "../../../emit/index.ts";
import type { Lane } from "../lane.ts";
import { type Procedure, procedure } from "../procedure.ts";
import { unroll } from "../unroll.ts";
import { TABLE_BASE, TABLE_HEADER } from "./term-table.ts";

/** The arguments of a micro-kernel and a panel kernel: addresses, and one word. */
export const OPERANDS = [
  /** The first row's first term, or a list of the rows' offsets if the left side has a table. */
  "left",
  /** The panel's first term, or what the table's offsets count from if the right side has one. */
  "right",
  /** The end of the terms: of the panel, or if the right side has a table of its offsets without the header. */
  "rightEnd",
  /** The sums of the first row and column. */
  "tile",
  /** The address of the table, or without one a word that is not zero if sums of earlier blocks of terms are in the tile. */
  "earlier",
] as const;
export type OperandName = (typeof OPERANDS)[number];
type MicroKernel = Procedure<OperandName>;
type Arguments = Readonly<Record<OperandName, Local<"i32">>>;

export interface MicroKernelShape {
  readonly lane: Lane;
  /** Columns of the panel; whole vectors hold them. */
  readonly columns: number;
  /** Bytes on the left side from a row to the next, and from a term to the next. */
  readonly leftRow: number;
  readonly leftTerm: number;
  /** Bytes on the right side from a term to the next. */
  readonly rightTerm: number;
  /** Bytes from a row of sums in memory to the next. */
  readonly tileRow: number;
  /** Terms come in several blocks. */
  readonly severalBlocks: boolean;
  /** There are no terms, so sums are zero. */
  readonly noTerms: boolean;
  /** The memory behind a row's columns is not the tile's, so whole vectors can't be stored there. */
  readonly exactStores: boolean;
  /** The side whose terms are found by a table (term-table.ts), if one is. */
  readonly table?: "left" | "right";
}

/** The variables of a micro-kernel, in registers if the tile is no larger than `rowsOfTile` allows. */
interface Registers {
  /** Of each row, of each vector. */
  readonly sums: readonly (readonly Local<"v128">[])[];
  readonly left: Local<"v128">;
  readonly right: readonly Local<"v128">[];
}

/**
 * A leaf function that computes a tile: some rows by the columns of a panel. The sum over a block of terms is in order, starts at
 * zero and is then added to the sums of the blocks before, whatever the tile's size: results depend on the blocks of terms alone.
 * Terms are not unrolled: V8 would hoist broadcasts and spill sums.
 */
export function emitMicroKernel(module: ModuleBuilder, rows: number, shape: MicroKernelShape): MicroKernel {
  const { lane, columns, severalBlocks } = shape;
  const vectors = Math.ceil(columns / lane.count);
  return procedure(module, OPERANDS, (body, values) => {
    const vectorsOf = (): Local<"v128">[] => Array.from({ length: vectors }, () => body.local("v128"));
    const sums = Array.from({ length: rows }, vectorsOf);
    const right = vectorsOf();
    const registers = { sums, right, left: body.local("v128") };
    const hasEarlier = shape.table && severalBlocks ? body.let(i32.load(values.earlier)) : values.earlier;
    accumulate(body, shape, registers, values);
    if (severalBlocks) body.if(hasEarlier, () => addEarlier(body, shape, sums, values.tile));
    sums.forEach((row, index) => storeRow(body, shape, values.tile, index, row));
  });
}

/** Adds the products of all terms to the sums. */
function accumulate(
  body: Body,
  { lane, table, leftRow, leftTerm, rightTerm, noTerms }: MicroKernelShape,
  { sums, left, right }: Registers,
  { left: leftAt, right: rightAt, rightEnd, earlier: tableAt }: Arguments,
): void {
  const rowAddresses =
    table === "left"
      ? sums.map((_, row) => body.let(i32.add(i32.load(leftAt, row * 4), i32.load(tableAt, TABLE_BASE))))
      : undefined;
  if (noTerms) return;
  const from = table === "right" ? body.local("i32") : rightAt;
  const offset = body.local("i32");
  const advance = (pointer: Local<"i32">, bytes: number): void =>
    body.set(pointer, i32.add(pointer, i32.const(bytes)));
  body.loop((again) => {
    if (table === "right") body.set(from, i32.add(rightAt, i32.load(tableAt, TABLE_HEADER)));
    if (table === "left") body.set(offset, i32.load(tableAt, TABLE_HEADER));
    right.forEach((vector, index) => body.set(vector, v128.load(from, index * 16)));
    sums.forEach((row, index) => {
      const own = rowAddresses && at(rowAddresses, index);
      body.set(
        left,
        own === undefined ? lane.splat(leftAt, index * leftRow) : lane.splat(i32.add(own, offset), 0),
      );
      row.forEach((sum, vector) => body.set(sum, lane.multiplyAdd(sum, left, at(right, vector))));
    });
    if (table !== "left") advance(leftAt, leftTerm);
    if (table !== undefined) advance(tableAt, 4);
    if (table !== "right") advance(rightAt, rightTerm);
    body.jumpIf(again, i32.ltU(table === "right" ? tableAt : rightAt, rightEnd));
  });
}

/** Adds the sums of the blocks before, which are in the tile. */
function addEarlier(
  body: Body,
  { lane, tileRow }: MicroKernelShape,
  sums: Registers["sums"],
  tile: Local<"i32">,
): void {
  sums.forEach((row, index) =>
    row.forEach((sum, vector) =>
      body.set(sum, lane.add(v128.load(tile, index * tileRow + vector * 16), sum)),
    ),
  );
}

function storeRow(
  body: Body,
  { lane, columns, exactStores, tileRow }: MicroKernelShape,
  tile: Local<"i32">,
  row: number,
  sums: readonly Local<"v128">[],
): void {
  sums.forEach((sum, vector) => {
    const offset = row * tileRow + vector * 16;
    const valid = columns - vector * lane.count;
    if (!exactStores || valid >= lane.count) body.run(v128.store(tile, sum, offset));
    else
      unroll(valid, (element) => body.run(lane.storeLane(tile, sum, element, offset + element * lane.bytes)));
  });
}
