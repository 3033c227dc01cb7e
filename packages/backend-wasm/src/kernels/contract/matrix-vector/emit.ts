import { type Body, type Local, type ModuleBuilder, i32, select, v128 } from "../../../emit/index.ts";
import { SHARED, type Share, shareOf } from "../../../share.ts";
import type { Contraction, Setting, SharedFunction } from "../contraction.ts";
import { type EmittedEpilogue, applyEpilogue, applyOne, emittedOf } from "../epilogue/epilogue.ts";
import type { Lane } from "../lane.ts";
import { batchAddress } from "../operand.ts";
import { emitGatherLine } from "../pack/gather-line.ts";
import { type Procedure, invoke, procedure } from "../procedure.ts";
import { type Range, leaveIfEmpty, threadRegions } from "../regions.ts";
import { emitAxpySums } from "./axpy.ts";
import { emitDotSums } from "./dots.ts";
import { KEPT_SUMS, type MatrixVectorPlan } from "./plan.ts";

export function emitMatrixVector(
  module: ModuleBuilder,
  contraction: Contraction,
  plan: MatrixVectorPlan,
  setting: Setting,
): SharedFunction {
  const { sizes, lane, left, right } = contraction;
  const [matrix, vector] = plan.matrix === "columns" ? [right, left] : [left, right];
  const free = sizes[plan.matrix];
  const epilogue = emittedOf(contraction.epilogue, lane);
  const finish = emitFinishSums(module, epilogue, lane, plan.matrix, free);
  const gather = plan.direct ? undefined : emitGatherLine(module, vector, "inner", lane);
  const computeSums =
    plan.along === "inner"
      ? emitDotSums(module, matrix, lane, free, sizes.inner)
      : emitAxpySums(module, matrix, lane, sizes.inner, plan.block);
  return module.function(SHARED, "void", (body, thread, ...share) => {
    const [batches, { first, end }] = rangesOf(body, contraction, plan, setting, share);
    const { first: batch, end: batchEnd } = batches;
    leaveIfEmpty(body, [batch, batchEnd], [first, end]);
    const addresses = threadRegions(body, plan.regions, setting, thread);
    const { vector: vectorAt, sums } = addresses("vector", "sums");
    body.for(batch, batchEnd, 1, () => {
      const zero = i32.const(0);
      if (gather === undefined) body.set(vectorAt, batchAddress(body, vector, batch));
      else
        invoke(body, gather, {
          to: vectorAt,
          across: zero,
          start: zero,
          count: i32.const(sizes.inner),
          batch,
        });
      const base = body.let(batchAddress(body, matrix, batch));
      const index = body.let(first);
      body.for(index, end, KEPT_SUMS, () => {
        const to = body.let(i32.add(index, i32.const(KEPT_SUMS)));
        body.set(to, select(i32.gtS(to, end), end, to));
        invoke(body, computeSums, { sums, matrix: base, vector: vectorAt, first: index, end: to });
        invoke(body, finish, { sums, first: index, end: to, batch });
      });
    });
  });
}

/** A share's batches, and its range of the matrix's free part. */
function rangesOf(
  body: Body,
  { sizes, lane }: Contraction,
  plan: MatrixVectorPlan,
  { split }: Setting,
  share: Share,
): readonly [batches: Range, free: Range] {
  const free = sizes[plan.matrix];
  const batch = body.let(i32.const(0));
  const batchEnd = body.let(i32.const(sizes.batch));
  const first = body.let(i32.const(0));
  const end = body.let(i32.const(free));
  if (split === "batch") {
    const [from, to] = shareOf(body, sizes.batch, share);
    body.set(batch, from);
    body.set(batchEnd, to);
  } else {
    // Units are whole vectors, so that an element is summed the same way whichever thread does it.
    const unit = 2 * lane.count;
    const units = Math.ceil(free / unit);
    const [from, to] = shareOf(body, units, share);
    body.set(first, i32.mul(from, i32.const(unit)));
    body.set(end, select(i32.eq(to, i32.const(units)), i32.const(free), i32.mul(to, i32.const(unit))));
  }
  return [
    { first: batch, end: batchEnd },
    { first, end },
  ];
}

const ARGUMENTS = ["sums", "first", "end", "batch"] as const;

/** Runs the epilogue on sums, whose address is given, from the index `first` of the matrix's free part to before `end`. */
type FinishSums = Procedure<(typeof ARGUMENTS)[number]>;

const emitFinishSums = (
  module: ModuleBuilder,
  epilogue: EmittedEpilogue,
  lane: Lane,
  matrix: "rows" | "columns",
  free: number,
): FinishSums =>
  procedure(module, ARGUMENTS, (body, { sums, first, end, batch }) => {
    const index = body.let(first);
    const zero = body.let(i32.const(0));
    const range = { first: index, end };
    if (matrix === "rows") finishRows(body, epilogue, lane, sums, range, { batch, zero });
    else finishColumns(body, epilogue, lane, sums, range, { batch, zero, columns: free });
  });

function finishRows(
  body: Body,
  epilogue: EmittedEpilogue,
  lane: Lane,
  sums: Local<"i32">,
  { first: row, end }: Range,
  { batch, zero }: { readonly batch: Local<"i32">; readonly zero: Local<"i32"> },
): void {
  body.for(row, end, 1, () => {
    const coordinates = [
      ...epilogue.coordinates(body, "batch", batch),
      ...epilogue.coordinates(body, "rows", row),
      ...epilogue.coordinates(body, "columns", zero),
    ];
    applyOne(body, epilogue, lane, sums, coordinates);
    body.set(sums, i32.add(sums, i32.const(lane.bytes)));
  });
}

function finishColumns(
  body: Body,
  epilogue: EmittedEpilogue,
  lane: Lane,
  sums: Local<"i32">,
  { first: column, end }: Range,
  {
    batch,
    zero,
    columns,
  }: { readonly batch: Local<"i32">; readonly zero: Local<"i32">; readonly columns: number },
): void {
  const vector = body.local("v128");
  const position = {
    batch: epilogue.coordinates(body, "batch", batch),
    row: epilogue.coordinates(body, "rows", zero),
    column,
  };
  const rest = columns % lane.count;
  const whole = body.let(i32.const(columns - rest));
  const stop = body.let(select(i32.ltS(end, whole), end, whole));
  body.for(column, stop, lane.count, () => {
    body.set(vector, v128.load(sums));
    applyEpilogue(body, epilogue, lane, vector, lane.count, position);
    body.set(sums, i32.add(sums, i32.const(16)));
  });
  if (rest === 0) return;
  body.if(i32.ltS(column, end), () => {
    body.set(vector, v128.load(sums));
    applyEpilogue(body, epilogue, lane, vector, rest, position);
  });
}
