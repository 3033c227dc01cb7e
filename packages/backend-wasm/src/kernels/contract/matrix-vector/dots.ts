import { at } from "@adjoint/ir/values";
import {
  type Body,
  type Callee,
  type Local,
  type ModuleBuilder,
  type Value,
  call,
  i32,
  i32x4,
  i8x16,
  select,
  v128,
} from "../../../emit/index.ts";
import type { Lane } from "../lane.ts";
import { type Operand, singleStride } from "../operand.ts";
import { procedure } from "../procedure.ts";
import { blockTerms } from "../sizes.ts";
import { wholeAndRest, wholeOrRest } from "../unroll.ts";
import { type ComputeSums, SUMS_ARGUMENTS } from "./axpy.ts";

type Word = Local<"i32">;
type Sums = readonly (readonly Local<"v128">[])[];

/** Adds the lanes of each vector; the results are the lanes of one. */
function folded(body: Body, lane: Lane, [a, b, c, d]: readonly Local<"v128">[]): Value<"v128"> {
  if (a === undefined || b === undefined) throw new RangeError("nothing to fold");
  const halves = (low: number, high: number): number[] =>
    Array.from({ length: 16 }, (_, byte) => (byte < 8 ? low + byte : high + byte - 8));
  if (c === undefined || d === undefined)
    return lane.add(i8x16.shuffle(a, b, halves(0, 16)), i8x16.shuffle(a, b, halves(8, 24)));
  const pair = (p: Value<"v128">, q: Value<"v128">): Local<"v128"> =>
    body.let(lane.add(i32x4.shuffle(p, q, [0, 4, 2, 6]), i32x4.shuffle(p, q, [1, 5, 3, 7])));
  const [ab, cd] = [pair(a, b), pair(c, d)];
  return lane.add(i32x4.shuffle(ab, cd, [0, 1, 4, 5]), i32x4.shuffle(ab, cd, [2, 3, 6, 7]));
}

/** Dot products of as many rows of the matrix as a vector has lanes, from the addresses of the first row and the vector. */
type Dots = Callee<["i32", "i32"], "v128">;

/** The variables of a function of dot products, and the offsets of the rows that it adds up. */
interface DotProducts {
  readonly lane: Lane;
  readonly matrix: Word;
  readonly vector: Word;
  readonly offsets: readonly number[];
  /** Two sums for each row, of alternate vectors of terms. */
  readonly sums: Sums;
  readonly factor: Local<"v128">;
}

/** Adds the products of a vector of terms to one half of the sums. */
function addProducts(
  body: Body,
  { lane, matrix, vector, offsets, sums, factor }: DotProducts,
  half: 0 | 1,
  mask?: Value<"v128">,
): void {
  const byte = half * 16;
  const masked = (value: Value<"v128">): Value<"v128"> =>
    mask === undefined ? value : v128.and(value, mask);
  body.set(factor, masked(v128.load(vector, byte)));
  offsets.forEach((offset, row) => {
    const sum = at(at(sums, half), row);
    body.set(sum, lane.multiplyAdd(sum, factor, masked(v128.load(matrix, offset + byte))));
  });
}

function advance(body: Body, { matrix, vector }: DotProducts, bytes: number): void {
  body.set(matrix, i32.add(matrix, i32.const(bytes)));
  body.set(vector, i32.add(vector, i32.const(bytes)));
}

/** Adds pairs of vectors of terms until the vector's address is at the end. */
function loopOverPairs(body: Body, dots: DotProducts, end: Word): void {
  body.loop((again) => {
    addProducts(body, dots, 0);
    addProducts(body, dots, 1);
    advance(body, dots, 32);
    body.jumpIf(again, i32.ltU(dots.vector, end));
  });
}

/** Statements for each sum with that of the blocks before. */
const eachSum = (
  sums: Sums,
  before: Sums,
  write: (sum: Local<"v128">, earlier: Local<"v128">) => void,
): void => sums.forEach((half, index) => half.forEach((sum, row) => write(sum, at(at(before, index), row))));

/** Adds pairs, a block of so many at a time; the sums of a block are added to those before, and are zero then. */
function loopOverBlocks(body: Body, dots: DotProducts, before: Sums, block: number, end: Word): void {
  const { lane, vector, sums } = dots;
  const blockEnd = body.local("i32");
  const zero = body.i32x4(0);
  body.loop((again) => {
    body.set(blockEnd, i32.add(vector, i32.const(block * 32)));
    body.set(blockEnd, select(i32.gtU(blockEnd, end), end, blockEnd));
    loopOverPairs(body, dots, blockEnd);
    eachSum(sums, before, (sum, earlier) => {
      body.set(earlier, lane.add(earlier, sum));
      body.set(sum, zero);
    });
    body.jumpIf(again, i32.ltU(vector, end));
  });
}

/** Adds the terms that are left after the pairs, fewer than two vectors of them. */
function addRest(body: Body, dots: DotProducts, rest: number): void {
  const { lane } = dots;
  if (rest >= lane.count) {
    addProducts(body, dots, 0);
    advance(body, dots, 16);
  }
  const kept = (rest % lane.count) * lane.bytes;
  if (kept === 0) return;
  const mask = Array.from({ length: 16 }, (_, byte) => (byte < kept ? 255 : 0));
  addProducts(body, dots, 0, v128.const(mask));
}

/** @param valid rows that are there; the last of these is read in place of others */
function emitDots(module: ModuleBuilder, lane: Lane, step: number, inner: number, valid: number): Dots {
  return module.function(["i32", "i32"], "v128", (body, matrix, vector) => {
    const offsets = Array.from({ length: lane.count }, (_, row) => Math.min(row, valid - 1) * step);
    const sumsOf = (): Sums => [0, 1].map(() => offsets.map(() => body.local("v128")));
    const sums = sumsOf();
    const dots = { lane, matrix, vector, offsets, sums, factor: body.local("v128") };
    const pairs = Math.floor(inner / (2 * lane.count));
    const block = blockTerms(lane);
    const before = pairs > block ? sumsOf() : undefined;
    if (pairs > 0) {
      const end = body.let(i32.add(vector, i32.const(pairs * 32)));
      if (before === undefined) loopOverPairs(body, dots, end);
      else loopOverBlocks(body, dots, before, block, end);
    }
    addRest(body, dots, inner - pairs * 2 * lane.count);
    if (before !== undefined) eachSum(sums, before, (sum, earlier) => body.set(sum, lane.add(earlier, sum)));
    const [even, odd] = [at(sums, 0), at(sums, 1)];
    return folded(
      body,
      lane,
      offsets.map((_, row) => body.let(lane.add(at(even, row), at(odd, row)))),
    );
  });
}

/**
 * Sums where the matrix's inner part is contiguous: dot products of as many rows as a vector has lanes. An iteration takes
 * two vectors of terms. After as many iterations as a block has terms, sums are added to those before, so none is longer than that.
 */
export function emitDotSums(
  module: ModuleBuilder,
  matrixOperand: Operand,
  lane: Lane,
  free: number,
  inner: number,
): ComputeSums {
  const step = singleStride(matrixOperand.free);
  const dots = wholeAndRest(free, lane.count, (valid) => emitDots(module, lane, step, inner, valid));
  return procedure(module, SUMS_ARGUMENTS, (body, { sums, matrix, vector, first, end }) => {
    const index = body.let(first);
    const row = body.let(i32.add(matrix, i32.mul(first, i32.const(step))));
    body.for(index, end, lane.count, () => {
      wholeOrRest(body, dots, index, free - lane.count, (one) =>
        body.run(v128.store(sums, call(one, row, vector))),
      );
      body.set(sums, i32.add(sums, i32.const(16)));
      body.set(row, i32.add(row, i32.const(lane.count * step)));
    });
  });
}
