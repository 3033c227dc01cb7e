import { type Body, type Local, type Value, i32, select } from "../../../emit/index.ts";
import { type Part, affine, coordinatesOf } from "../operand.ts";

/**
 * A table says where the terms of a block are, for an operand whose terms have no single stride: a header, then the byte offset
 * of each term. The header's first word is not zero if sums of earlier blocks are in the tile. Its second word is the
 * address that the offsets count from, used if the table is the left side's.
 */
const WORD = 4;
export const TABLE_HEADER: number = 2 * WORD;

/** The offset in the header of the address that offsets count from. */
export const TABLE_BASE: number = WORD;

/** Bytes of the table of a block's terms. */
export const tableBytes = (depth: number): number => TABLE_HEADER + offsetsBytes(depth);

/** Bytes of a list of offsets. */
export const offsetsBytes = (count: number): number => count * WORD;

const offsetOf = (body: Body, part: Part, index: Local<"i32">): Value<"i32"> =>
  affine(
    i32.const(0),
    coordinatesOf(body, part, index),
    part.map((axis) => axis.stride),
  );

/** Writes the byte offsets of a part's first elements. */
export function writeOffsets(body: Body, part: Part, to: Value<"i32">, count: number): void {
  const [index, target] = [body.let(i32.const(0)), body.let(to)];
  body.for(index, i32.const(count), 1, () => {
    body.run(i32.store(target, offsetOf(body, part, index)));
    body.set(target, i32.add(target, i32.const(WORD)));
  });
}

/** Writes the tables of all blocks of terms, one after another. The first word of each is its first term: zero in the first table only. */
export function writeTables(body: Body, part: Part, to: Local<"i32">, terms: number, depth: number): void {
  const term = body.let(i32.const(0));
  const target = body.let(to);
  body.for(term, i32.const(terms), 1, () => {
    body.if(i32.eqz(i32.remU(term, i32.const(depth))), () => {
      body.run(i32.store(target, term));
      body.set(target, i32.add(target, i32.const(TABLE_HEADER)));
    });
    body.run(i32.store(target, offsetOf(body, part, term)));
    body.set(target, i32.add(target, i32.const(WORD)));
  });
}

/** A block of terms whose left side is packed and whose right side has a table. */
export interface TermBlock {
  /** Its first term, and how many it has. */
  readonly first: Local<"i32">;
  readonly terms: Local<"i32">;
  /** Address of its packed left side, and of its table. */
  readonly packed: Local<"i32">;
  readonly table: Local<"i32">;
}

interface TermBlocks {
  /** Terms of all blocks, terms of a block, and blocks. */
  readonly inner: number;
  readonly depth: number;
  readonly depthBlocks: number;
  /** The addresses of the packed left sides and of the tables of all blocks. */
  readonly packed: Local<"i32">;
  readonly tables: Local<"i32">;
  /** Bytes of a block's packed left side. */
  readonly packedBytes: number;
}

/** Makes the variables of a loop over blocks of terms. @returns what writes such a loop around statements; the loops use the same variables */
export function termBlocks(
  body: Body,
  { inner, depth, depthBlocks, packedBytes, ...from }: TermBlocks,
): (write: (block: TermBlock) => void) => void {
  const [block, first, terms] = [body.local("i32"), body.local("i32"), body.local("i32")];
  const [packed, table] = [body.local("i32"), body.local("i32")];
  return (write) => {
    body.set(block, i32.const(0));
    body.set(packed, from.packed);
    body.set(table, from.tables);
    body.for(block, i32.const(depthBlocks), 1, () => {
      body.set(first, i32.mul(block, i32.const(depth)));
      body.set(terms, i32.sub(i32.const(inner), first));
      body.set(terms, select(i32.gtS(terms, i32.const(depth)), i32.const(depth), terms));
      write({ first, terms, packed, table });
      body.set(packed, i32.add(packed, i32.const(packedBytes)));
      body.set(table, i32.add(table, i32.const(tableBytes(depth))));
    });
  };
}
