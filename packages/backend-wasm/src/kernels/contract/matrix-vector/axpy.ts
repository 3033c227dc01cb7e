import { type Local, type ModuleBuilder, type Value, i32, v128 } from "../../../emit/index.ts";
import type { Lane } from "../lane.ts";
import { type Operand, singleStride } from "../operand.ts";
import { type Procedure, invoke, procedure } from "../procedure.ts";
import type { MatrixVectorPlan } from "./plan.ts";

export const SUMS_ARGUMENTS = ["sums", "matrix", "vector", "first", "end"] as const;

/** Computes the sums from the index `first` of the matrix's free part to before `end`; the others are addresses. */
export type ComputeSums = Procedure<(typeof SUMS_ARGUMENTS)[number]>;

/** Terms that are added to the sums in one pass over them. */
const PASS_TERMS = 8;

/** Adds some terms to the sums, or sets them. */
type Pass = Procedure<"sums" | "end" | "matrix" | "vector">;

function emitPass(module: ModuleBuilder, lane: Lane, step: number, terms: number, adds: boolean): Pass {
  return procedure(module, ["sums", "end", "matrix", "vector"], (body, { sums, end, matrix, vector }) => {
    const factors = Array.from({ length: terms }, (_, term) =>
      body.let(lane.splat(vector, term * lane.bytes)),
    );
    const sum = body.local("v128");
    const zero = body.i32x4(0);
    body.loop((again) => {
      body.set(sum, adds ? v128.load(sums) : zero);
      factors.forEach((factor, term) =>
        body.set(sum, lane.multiplyAdd(sum, factor, v128.load(matrix, term * step))),
      );
      body.run(v128.store(sums, sum));
      body.set(sums, i32.add(sums, i32.const(16)));
      body.set(matrix, i32.add(matrix, i32.const(16)));
      body.jumpIf(again, i32.ltU(sums, end));
    });
  });
}

/** Adds the sums of a block, which are `sumBytes` behind the sums of the blocks before, to these. */
const emitAddBlock = (module: ModuleBuilder, lane: Lane, sumBytes: number): Procedure<"sums" | "end"> =>
  procedure(module, ["sums", "end"], (body, { sums, end }) => {
    body.loop((again) => {
      body.run(v128.store(sums, lane.add(v128.load(sums), v128.load(sums, sumBytes))));
      body.set(sums, i32.add(sums, i32.const(16)));
      body.jumpIf(again, i32.ltU(sums, end));
    });
  });

/**
 * Sums as in the BLAS routine axpy, where the matrix's free part is contiguous: PASS_TERMS terms at a time are added to the sums,
 * which stay in the first-level cache. A block of terms is summed from zero and then added to the sums of the blocks before.
 */
export function emitAxpySums(
  module: ModuleBuilder,
  matrixOperand: Operand,
  lane: Lane,
  inner: number,
  { terms: depth, sumBytes }: MatrixVectorPlan["block"],
): ComputeSums {
  const step = singleStride(matrixOperand.inner);
  const pass = (terms: number, adds: boolean): Pass => emitPass(module, lane, step, terms, adds);
  // Only the first block may be short, and only its first pass.
  const firstBlock = inner % depth === 0 ? depth : inner % depth;
  const firstTerms = firstBlock % PASS_TERMS === 0 ? PASS_TERMS : firstBlock % PASS_TERMS;
  const opening = pass(firstTerms, false);
  const adding = inner > firstTerms ? pass(PASS_TERMS, true) : undefined;
  const anew =
    inner > firstBlock ? (firstTerms === PASS_TERMS ? opening : pass(PASS_TERMS, false)) : undefined;
  const addBlock = emitAddBlock(module, lane, sumBytes);
  return procedure(module, SUMS_ARGUMENTS, (body, { sums, matrix, vector, first, end: last }) => {
    const start = body.let(i32.add(matrix, i32.mul(first, i32.const(lane.bytes))));
    const bytes = body.let(i32.mul(i32.sub(last, first), i32.const(lane.bytes)));
    const end = body.let(i32.add(sums, bytes));
    invoke(body, opening, { sums, end, matrix: start, vector });
    if (adding === undefined) return;
    const term = body.local("i32");
    const from = (): { readonly matrix: Value<"i32">; readonly vector: Value<"i32"> } => ({
      matrix: i32.add(start, i32.mul(term, i32.const(step))),
      vector: i32.add(vector, i32.mul(term, i32.const(lane.bytes))),
    });
    const loopOverPasses = (to: Value<"i32">, at: { sums: Local<"i32">; end: Local<"i32"> }): void =>
      body.for(term, to, PASS_TERMS, () => invoke(body, adding, { ...at, ...from() }));
    body.set(term, i32.const(firstTerms));
    loopOverPasses(i32.const(firstBlock), { sums, end });
    if (anew === undefined) return;
    const partial = body.let(i32.add(sums, i32.const(sumBytes)));
    const partialEnd = body.let(i32.add(partial, bytes));
    const block = body.let(i32.const(firstBlock));
    const blockEnd = body.local("i32");
    body.for(block, i32.const(inner), depth, () => {
      body.set(term, block);
      invoke(body, anew, { sums: partial, end: partialEnd, ...from() });
      body.set(blockEnd, i32.add(block, i32.const(depth)));
      body.set(term, i32.add(term, i32.const(PASS_TERMS)));
      loopOverPasses(blockEnd, { sums: partial, end: partialEnd });
      invoke(body, addBlock, { sums, end });
    });
  });
}
