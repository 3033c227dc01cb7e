import { at } from "@adjoint/ir/values";
import {
  type Body,
  type Local,
  type ModuleBuilder,
  type Value,
  i32,
  select,
  v128,
} from "../../../emit/index.ts";
import { copyElement, loadVector } from "../elements.ts";
import type { Lane } from "../lane.ts";
import { type Axis, type Operand, type Part, affine, coordinatesOf } from "../operand.ts";
import { type Procedure, procedure } from "../procedure.ts";

const ARGUMENTS = ["to", "across", "start", "count", "batch"] as const;

/** Writes `count` elements to a line, from `start` along one part of an operand and at the index `across` of the other. */
export type GatherLine = Procedure<(typeof ARGUMENTS)[number]>;

const min = (a: Local<"i32">, b: Local<"i32">): Value<"i32"> => select(i32.ltS(a, b), a, b);
const max = (a: Local<"i32">, b: Local<"i32">): Value<"i32"> => select(i32.gtS(a, b), a, b);

const strides = (part: Part): number[] => part.map((axis) => axis.stride);
const guardSteps = (part: Part, guard: number): number[] => part.map((axis) => at(axis.guards, guard));

/** A run of a line: neighbours along the innermost axis, all of which are at the same index of the outer ones. */
interface Run {
  /** Of the innermost axis: the run's range, and the range of it that is not padding. */
  readonly first: Local<"i32">;
  readonly end: Local<"i32">;
  readonly validFirst: Local<"i32">;
  readonly validEnd: Local<"i32">;
}

/**
 * A function that gathers elements to a line of contiguous sums; they are zero if a guard fails. It goes by runs along the
 * innermost axis: guards are decided once a run, and what is not padding is copied as vectors. It may write LINE_SLACK bytes
 * past the end, so lines are filled in order.
 *
 * Precondition: none. Regions: lines, if they are packed then, or the copy of a vector.
 * Cost: a call for each line, a decision for each of its runs, and a store for each vector, or for each element if they are
 * no neighbours.
 */
export function emitGatherLine(
  module: ModuleBuilder,
  operand: Operand,
  along: "free" | "inner",
  lane: Lane,
): GatherLine {
  const walked = operand[along];
  const outer = walked.slice(0, -1);
  const innermost: Axis = walked.at(-1) ?? { size: 1, stride: 0, guards: operand.guards.map(() => 0) };
  return procedure(module, ARGUMENTS, (body, { to, across, start, count, batch }) => {
    const { base, guardBases } = startOf(body, operand, along, batch, across);
    const coordinates = coordinatesOf(body, walked, start);
    const outers = coordinates.slice(0, -1);
    const first = coordinates.at(-1) ?? body.local("i32");
    const left = body.let(count);
    const [length, source] = [body.local("i32"), body.local("i32")];
    const [validFirst, validEnd, end] = [body.local("i32"), body.local("i32"), body.local("i32")];
    const run: Run = { first, end, validFirst, validEnd };
    body.block((exit) =>
      body.loop((again) => {
        body.jumpIf(exit, i32.leS(left, i32.const(0)));
        body.set(length, i32.sub(i32.const(innermost.size), first));
        body.set(length, min(length, left));
        body.set(source, affine(base, outers, strides(outer)));
        body.set(end, i32.add(first, length));
        body.set(validFirst, first);
        body.set(validEnd, end);
        operand.guards.forEach(({ limit }, guard) => {
          const value = affine(at(guardBases, guard), outers, guardSteps(outer, guard));
          narrow(body, value, limit, at(innermost.guards, guard), run);
        });
        const target = writeRun(body, operand, innermost, lane, { to, source }, run);
        body.set(to, target);
        body.set(left, i32.sub(left, length));
        body.set(first, i32.const(0));
        carry(body, outers, outer);
        body.jump(again);
      }),
    );
  });
}

/** The address of the line's first element, and the values of the guards there, without what the walked part adds. */
function startOf(
  body: Body,
  operand: Operand,
  along: "free" | "inner",
  batch: Local<"i32">,
  across: Local<"i32">,
): { readonly base: Local<"i32">; readonly guardBases: readonly Local<"i32">[] } {
  const acrossPart = along === "free" ? operand.inner : operand.free;
  const batches = coordinatesOf(body, operand.batch, batch);
  const others = coordinatesOf(body, acrossPart, across);
  const base = body.let(
    affine(affine(i32.const(operand.address), batches, strides(operand.batch)), others, strides(acrossPart)),
  );
  const guardBases = operand.guards.map(({ offset }, guard) => {
    const ofBatch = affine(i32.const(offset), batches, guardSteps(operand.batch, guard));
    return body.let(affine(ofBatch, others, guardSteps(acrossPart, guard)));
  });
  return { base, guardBases };
}

/** Writes a run: zeros, the elements that are not padding, and zeros. @returns the address of its end */
function writeRun(
  body: Body,
  operand: Operand,
  innermost: Axis,
  lane: Lane,
  { to, source }: { readonly to: Local<"i32">; readonly source: Local<"i32"> },
  { first, end, validFirst, validEnd }: Run,
): Value<"i32"> {
  const target = (index: Local<"i32">): Value<"i32"> =>
    i32.add(to, i32.mul(i32.sub(index, first), i32.const(lane.bytes)));
  if (operand.guards.length > 0) writeZeros(body, body.let(to), target(validFirst));
  const from = { base: source, first: validFirst };
  copyElements(body, operand, innermost, lane, from, body.let(target(validFirst)), target(validEnd));
  if (operand.guards.length > 0) writeZeros(body, body.let(target(validEnd)), target(end));
  return target(end);
}

/** Narrows the valid range of a run to the indices x with 0 ≤ value + step·x < limit. */
function narrow(
  body: Body,
  value: Value<"i32">,
  limit: number,
  step: number,
  { end, validFirst, validEnd }: Run,
): void {
  if (step === 0) {
    body.set(validEnd, select(i32.ltU(value, i32.const(limit)), validEnd, validFirst));
    return;
  }
  // A falling guard is a rising one from the other end.
  const rising = step > 0 ? value : i32.sub(i32.const(limit - 1), value);
  const size = Math.abs(step);
  const own = body.let(rising);
  const zero = body.let(i32.const(0));
  const firstAbove = (distance: Value<"i32">): Local<"i32"> => {
    const far = body.let(distance);
    if (size === 1) return far;
    const positive = body.let(max(far, zero));
    return body.let(i32.divU(i32.add(positive, i32.const(size - 1)), i32.const(size)));
  };
  body.set(validFirst, max(validFirst, firstAbove(i32.sub(i32.const(0), own))));
  body.set(validFirst, min(validFirst, end));
  body.set(validEnd, min(validEnd, firstAbove(i32.sub(i32.const(limit), own))));
  body.set(validEnd, max(validEnd, validFirst));
}

/** Writes zeros up to an end, in whole vectors. */
function writeZeros(body: Body, to: Local<"i32">, end: Value<"i32">): void {
  const zero = body.i32x4(0);
  body.block((exit) =>
    body.loop((again) => {
      body.jumpIf(exit, i32.geU(to, end));
      body.run(v128.store(to, zero));
      body.set(to, i32.add(to, i32.const(16)));
      body.jump(again);
    }),
  );
}

/** Copies elements of a run from the index `first` on, until `to` is at the end: in whole vectors if they are neighbours. */
function copyElements(
  body: Body,
  operand: Operand,
  innermost: Axis,
  lane: Lane,
  { base, first }: { readonly base: Local<"i32">; readonly first: Local<"i32"> },
  to: Local<"i32">,
  end: Value<"i32">,
): void {
  const contiguous = innermost.stride === operand.bytes;
  const count = contiguous ? lane.count : 1;
  const from = body.let(affine(base, [first], [innermost.stride]));
  const stop = body.let(end);
  body.block((exit) =>
    body.loop((again) => {
      body.jumpIf(exit, i32.geU(to, stop));
      if (contiguous) body.run(v128.store(to, loadVector(operand.dtype, lane, from)));
      else body.run(copyElement(operand.dtype, lane, to, from));
      body.set(to, i32.add(to, i32.const(count * lane.bytes)));
      body.set(from, i32.add(from, i32.const(count * innermost.stride)));
      body.jump(again);
    }),
  );
}

/** Advances coordinates to the next ones in row-major order. */
function carry(body: Body, coordinates: readonly Local<"i32">[], part: Part): void {
  const last = coordinates.at(-1);
  if (last === undefined) return;
  body.set(last, i32.add(last, i32.const(1)));
  if (coordinates.length === 1) return;
  body.if(i32.eq(last, i32.const(at(part, -1).size)), () => {
    body.set(last, i32.const(0));
    carry(body, coordinates.slice(0, -1), part.slice(0, -1));
  });
}
