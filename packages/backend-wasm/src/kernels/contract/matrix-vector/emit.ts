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
import { type EmittedEpilogue, applyEpilogue, applyOne, emittedOf } from "../epilogue/epilogue.ts";
import type { Lane } from "../lane.ts";
import { type Operand, placeOf, strideOf } from "../operand.ts";
import { leaveIfEmpty, threadRegions } from "../regions.ts";
import type { Plan, VectorPlan } from "../contraction.ts";
import { blockTerms } from "../sizes.ts";
import { VECTOR_BLOCK } from "./plan.ts";
import { SHARED, shareOf } from "../../../share.ts";

type Vector = Value<"v128">;

/** Rows of the matrix that are added up at once, where its free part is contiguous. */
const TERMS = 8;

/**
 * A product of a matrix and a vector: the matrix streams from memory once, unpacked.
 *
 * Precondition: one row or one column, not both; the matrix is plain, has no guards, one step along each part, none of
 * them negative, and neighbours along one part. The vector is read in place where its terms are neighbours, else copied.
 * Regions: vector (its copy), sums.
 * Cost: the matrix read once, which is all there is to it.
 */
export function emitVector(
  module: ModuleBuilder,
  plan: Plan,
  shape: VectorPlan,
  workspace: number,
): Callee<typeof SHARED, "void"> {
  const { sizes, lane } = plan;
  const [matrix, vector] = shape.matrix === "columns" ? [plan.right, plan.left] : [plan.left, plan.right];
  const free = sizes[shape.matrix];
  const epilogue = emittedOf(plan.epilogue, lane);
  const finish = emitVectorFinish(module, epilogue, lane, shape.matrix, free);
  const line = shape.direct ? undefined : plan.emitLine(module, vector, "inner", lane);
  const sums =
    shape.along === "inner"
      ? emitDots(module, matrix, lane, free, sizes.inner)
      : emitAxpy(module, matrix, lane, sizes.inner, shape.block);
  return module.function(SHARED, "void", (body, thread, ...share) => {
    const batch = body.let(i32.const(0));
    const batchEnd = body.let(i32.const(sizes.batch));
    const first = body.let(i32.const(0));
    const end = body.let(i32.const(free));
    if (plan.split === "batch") {
      const [from, to] = shareOf(body, sizes.batch, share);
      body.set(batch, from);
      body.set(batchEnd, to);
    } else {
      // Units of whole vectors, so that an element is summed the same way whoever does it.
      const unit = 2 * lane.count;
      const units = Math.ceil(free / unit);
      const [from, to] = shareOf(body, units, share);
      body.set(first, i32.mul(from, i32.const(unit)));
      body.set(end, select(i32.eq(to, i32.const(units)), i32.const(free), i32.mul(to, i32.const(unit))));
    }
    leaveIfEmpty(body, [batch, batchEnd], [first, end]);
    const region = threadRegions(body, shape.regions, workspace, plan.gap, thread);
    const [x, tile] = [region("vector"), region("sums")];
    body.for(batch, batchEnd, 1, () => {
      const zero = i32.const(0);
      if (line === undefined) body.set(x, placeOf(body, vector.batch, batch, i32.const(vector.address)));
      else body.run(call(line, x, zero, zero, i32.const(sizes.inner), batch));
      const base = body.let(placeOf(body, matrix.batch, batch, i32.const(matrix.address)));
      const at = body.let(first);
      body.for(at, end, VECTOR_BLOCK, () => {
        const to = body.let(i32.add(at, i32.const(VECTOR_BLOCK)));
        body.set(to, select(i32.gtS(to, end), end, to));
        body.run(call(sums, tile, base, x, at, to));
        body.run(call(finish, tile, at, to, batch));
      });
    });
  });
}

/** finish(tile, first, end, batch). */
function emitVectorFinish(
  module: ModuleBuilder,
  epilogue: EmittedEpilogue,
  lane: Lane,
  matrix: "rows" | "columns",
  free: number,
): Callee<["i32", "i32", "i32", "i32"], "void"> {
  return module.function(["i32", "i32", "i32", "i32"], "void", (body, tile, first, end, batch) => {
    const at = body.let(first);
    const zero = body.let(i32.const(0));
    if (matrix === "rows") {
      body.for(at, end, 1, () => {
        const [batchAt, rowAt, columnAt] = [
          epilogue.place(body, "batch", batch),
          epilogue.place(body, "rows", at),
          epilogue.place(body, "columns", zero),
        ];
        applyOne(body, epilogue, lane, tile, [...batchAt, ...rowAt, ...columnAt]);
        body.set(tile, i32.add(tile, i32.const(lane.bytes)));
      });
      return;
    }
    const sum = body.local("v128");
    const place = {
      batch: epilogue.place(body, "batch", batch),
      row: epilogue.place(body, "rows", zero),
      column: at,
    };
    const rest = free % lane.count;
    const whole = body.let(i32.const(free - rest));
    const stop = body.let(select(i32.ltS(end, whole), end, whole));
    body.for(at, stop, lane.count, () => {
      body.set(sum, v128.load(tile));
      applyEpilogue(body, epilogue, lane, sum, lane.count, place);
      body.set(tile, i32.add(tile, i32.const(16)));
    });
    if (rest === 0) return;
    body.if(i32.ltS(at, end), () => {
      body.set(sum, v128.load(tile));
      applyEpilogue(body, epilogue, lane, sum, rest, place);
    });
  });
}

/** sums(tile, matrix, vector, first, end). */
type Sums = Callee<["i32", "i32", "i32", "i32", "i32"], "void">;

/**
 * The matrix's free part is contiguous: TERMS rows at a time are added to the sums, which stay in the first-level cache. A
 * block of terms is summed from zero, behind the sums of the blocks before, and then added to them.
 */
function emitAxpy(
  module: ModuleBuilder,
  matrix: Operand,
  lane: Lane,
  inner: number,
  { terms: depth, sumBytes }: VectorPlan["block"],
): Sums {
  const step = strideOf(matrix.inner) ?? 0;
  const pass = (terms: number, add: boolean): Callee<["i32", "i32", "i32", "i32"], "void"> =>
    module.function(["i32", "i32", "i32", "i32"], "void", (body, tile, end, m, x) => {
      const factors = Array.from({ length: terms }, (_, term) => body.let(lane.splat(x, term * lane.bytes)));
      const sum = body.local("v128");
      const zero = body.i32x4(0);
      body.loop((again) => {
        body.set(sum, add ? v128.load(tile) : zero);
        factors.forEach((factor, term) =>
          body.set(sum, lane.multiplyAdd(sum, factor, v128.load(m, term * step))),
        );
        body.run(v128.store(tile, sum));
        body.set(tile, i32.add(tile, i32.const(16)));
        body.set(m, i32.add(m, i32.const(16)));
        body.jumpIf(again, i32.ltU(tile, end));
      });
    });
  // Only the first block may be short, and only its first pass.
  const short = inner % depth === 0 ? depth : inner % depth;
  const first = short % TERMS === 0 ? TERMS : short % TERMS;
  const opening = pass(first, false);
  const more = inner > first ? pass(TERMS, true) : undefined;
  const anew = inner > short ? (first === TERMS ? opening : pass(TERMS, false)) : undefined;
  const join = module.function(["i32", "i32"], "void", (body, tile, end) => {
    body.loop((again) => {
      body.run(v128.store(tile, lane.add(v128.load(tile), v128.load(tile, sumBytes))));
      body.set(tile, i32.add(tile, i32.const(16)));
      body.jumpIf(again, i32.ltU(tile, end));
    });
  });
  return module.function(["i32", "i32", "i32", "i32", "i32"], "void", (body, tile, base, x, from, end) => {
    const m = body.let(i32.add(base, i32.mul(from, i32.const(lane.bytes))));
    const bytes = body.let(i32.mul(i32.sub(end, from), i32.const(lane.bytes)));
    const stop = body.let(i32.add(tile, bytes));
    body.run(call(opening, tile, stop, m, x));
    if (more === undefined) return;
    const k = body.local("i32");
    const rowsAt = (): Value<"i32"> => i32.add(m, i32.mul(k, i32.const(step)));
    const factorsAt = (): Value<"i32"> => i32.add(x, i32.mul(k, i32.const(lane.bytes)));
    body.set(k, i32.const(first));
    body.for(k, i32.const(short), TERMS, () => body.run(call(more, tile, stop, rowsAt(), factorsAt())));
    if (anew === undefined) return;
    const partial = body.let(i32.add(tile, i32.const(sumBytes)));
    const partialEnd = body.let(i32.add(partial, bytes));
    const block = body.let(i32.const(short));
    const blockEnd = body.local("i32");
    body.for(block, i32.const(inner), depth, () => {
      body.set(k, block);
      body.run(call(anew, partial, partialEnd, rowsAt(), factorsAt()));
      body.set(blockEnd, i32.add(block, i32.const(depth)));
      body.set(k, i32.add(k, i32.const(TERMS)));
      body.for(k, blockEnd, TERMS, () => body.run(call(more, partial, partialEnd, rowsAt(), factorsAt())));
      body.run(call(join, tile, stop));
    });
  });
}

/** Adds the lanes of each vector; the results are the lanes of one. */
function folded(body: Body, lane: Lane, [a, b, c, d]: readonly Local<"v128">[]): Vector {
  if (a === undefined || b === undefined) throw new RangeError("nothing to fold");
  const halves = (low: number, high: number): number[] =>
    Array.from({ length: 16 }, (_, byte) => (byte < 8 ? low + byte : high + byte - 8));
  if (c === undefined || d === undefined)
    return lane.add(i8x16.shuffle(a, b, halves(0, 16)), i8x16.shuffle(a, b, halves(8, 24)));
  const pair = (p: Vector, q: Vector): Local<"v128"> =>
    body.let(lane.add(i32x4.shuffle(p, q, [0, 4, 2, 6]), i32x4.shuffle(p, q, [1, 5, 3, 7])));
  const [ab, cd] = [pair(a, b), pair(c, d)];
  return lane.add(i32x4.shuffle(ab, cd, [0, 1, 4, 5]), i32x4.shuffle(ab, cd, [2, 3, 6, 7]));
}

/**
 * The matrix's inner part is contiguous: as many products along it as a vector has lanes, two vectors of terms a turn. Sums
 * over as many turns as a block has terms are added to those before, so none is longer than that.
 */
function emitDots(module: ModuleBuilder, matrix: Operand, lane: Lane, free: number, inner: number): Sums {
  const step = strideOf(matrix.free) ?? 0;
  const dots = (valid: number): Callee<["i32", "i32"], "v128"> =>
    module.function(["i32", "i32"], "v128", (body, m, x) => {
      const offsets = Array.from({ length: lane.count }, (_, row) => Math.min(row, valid - 1) * step);
      const sums = [0, 1].map(() => offsets.map(() => body.local("v128")));
      const factor = body.local("v128");
      const turn = (half: number, mask?: Vector): void => {
        const byte = half * 16;
        const masked = (value: Vector): Vector => (mask === undefined ? value : v128.and(value, mask));
        body.set(factor, masked(v128.load(x, byte)));
        offsets.forEach((offset, row) => {
          const sum = sums[half]?.[row];
          if (sum === undefined) return;
          body.set(sum, lane.multiplyAdd(sum, factor, masked(v128.load(m, offset + byte))));
        });
      };
      const next = (bytes: number): void => {
        body.set(m, i32.add(m, i32.const(bytes)));
        body.set(x, i32.add(x, i32.const(bytes)));
      };
      const pairs = Math.floor(inner / (2 * lane.count));
      const block = blockTerms(lane);
      const overPairs = (end: Local<"i32">): void =>
        body.loop((again) => {
          turn(0);
          turn(1);
          next(32);
          body.jumpIf(again, i32.ltU(x, end));
        });
      const before = pairs > block ? sums.map((half) => half.map(() => body.local("v128"))) : undefined;
      const withBefore = (write: (sum: Local<"v128">, other: Local<"v128">) => void): void =>
        sums.forEach((half, at) =>
          half.forEach((sum, row) => {
            const other = before?.[at]?.[row];
            if (other !== undefined) write(sum, other);
          }),
        );
      if (pairs > 0) {
        const end = body.let(i32.add(x, i32.const(pairs * 32)));
        if (before === undefined) overPairs(end);
        else {
          const blockEnd = body.local("i32");
          const zero = body.i32x4(0);
          body.loop((again) => {
            body.set(blockEnd, i32.add(x, i32.const(block * 32)));
            body.set(blockEnd, select(i32.gtU(blockEnd, end), end, blockEnd));
            overPairs(blockEnd);
            withBefore((sum, other) => {
              body.set(other, lane.add(other, sum));
              body.set(sum, zero);
            });
            body.jumpIf(again, i32.ltU(x, end));
          });
        }
      }
      const rest = inner - pairs * 2 * lane.count;
      if (rest >= lane.count) {
        turn(0);
        next(16);
      }
      if (rest % lane.count > 0) {
        const kept = (rest % lane.count) * lane.bytes;
        turn(0, v128.const(Array.from({ length: 16 }, (_, byte) => (byte < kept ? 255 : 0))));
      }
      withBefore((sum, other) => body.set(sum, lane.add(other, sum)));
      const totals = offsets.map((_, row) => {
        const [one, two] = [sums[0]?.[row], sums[1]?.[row]];
        if (one === undefined || two === undefined) throw new RangeError("a row has no sums");
        return body.let(lane.add(one, two));
      });
      return folded(body, lane, totals);
    });
  const rest = free % lane.count;
  const [whole, last] = [
    free >= lane.count ? dots(lane.count) : undefined,
    rest > 0 ? dots(rest) : undefined,
  ];
  return module.function(["i32", "i32", "i32", "i32", "i32"], "void", (body, tile, base, x, first, end) => {
    const at = body.let(first);
    const m = body.let(i32.add(base, i32.mul(first, i32.const(step))));
    body.for(at, end, lane.count, () => {
      const one = (callee: Callee<["i32", "i32"], "v128">): void =>
        body.run(v128.store(tile, call(callee, m, x)));
      if (whole !== undefined && last !== undefined) {
        body.if(
          i32.leS(at, i32.const(free - lane.count)),
          () => one(whole),
          () => one(last),
        );
      } else if (whole !== undefined) one(whole);
      else if (last !== undefined) one(last);
      body.set(tile, i32.add(tile, i32.const(16)));
      body.set(m, i32.add(m, i32.const(lane.count * step)));
    });
  });
}
