import type { ReduceKernel } from "@adjoint/compiler/kernel";
import { at } from "@adjoint/ir/values";
import { type Value, i32, select } from "../emit/index.ts";
import { affineValue } from "../scalar/affine.ts";
import type { Element } from "../scalar/carriers.ts";
import type { Context } from "../scalar/context.ts";
import { kept, storeElement } from "../scalar/element.ts";
import { type Coordinates, addressOf, elementValues } from "../scalar/graph.ts";
import { costOf } from "./cost.ts";
import { nest } from "./loops.ts";
import type { KernelEnvironment } from "./environment.ts";
import { type Line, pointsOf } from "./units.ts";

/** Partial results in memory: for each reduction, at its address, and each part 8 bytes for each result, lines filled up to whole vectors. */
export interface Partials {
  readonly addresses: readonly number[];
  readonly parts: number;
  /** Points of the first inner axis in a part. */
  readonly block: number;
  /** Of one part of one reduction. */
  readonly bytes: number;
}

/** The part of a reduction that code does: all of it, a share of the terms, or the joining of the shares. */
export type Phase =
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly partials: Partials; readonly part: Value<"i32"> }
  | { readonly kind: "join"; readonly partials: Partials };

export interface Reducing {
  readonly context: Context;
  readonly environment: KernelEnvironment;
  readonly kernel: ReduceKernel;
}

/** A way to walk a reduction. */
export interface ReduceMode {
  /** The axes whose points are lines. */
  readonly outer: readonly number[];
  /** Results on a line. */
  readonly size: number;
  /** Results that are worth a unit of their own. */
  readonly least: number;
  readonly write: (line: Line, phase: Phase) => void;
}

/** The terms of a phase, along the first inner axis. */
export function termsOf({ context: { body }, kernel }: Reducing, phase: Phase): Omit<Line, "outer"> {
  const [size = 1] = kernel.inner;
  if (phase.kind !== "part") return { start: i32.const(0), end: i32.const(size), isPart: false };
  const { block, parts } = phase.partials;
  const start = body.let(i32.mul(phase.part, i32.const(block)));
  const far = body.let(i32.add(start, i32.const(block)));
  const end = parts * block === size ? far : select(i32.ltS(far, i32.const(size)), far, i32.const(size));
  return { start, end: body.let(end), isPart: true };
}

/** Points of the inner axes are written one after another where all of them cost up to this. */
const UNROLLED = 48;

/** Statements for every point of some inner axes, the first of which are the phase's terms; short ones may be repeated. */
export function eachTerm(
  reducing: Reducing,
  phase: Phase,
  { sizes, isShort }: { readonly sizes: readonly number[]; readonly isShort: boolean },
  write: (point: Coordinates) => void,
): void {
  const { body } = reducing.context;
  const cost = pointsOf(sizes) * costOf(reducing.kernel.body);
  if (phase.kind === "part") {
    const { start, end } = termsOf(reducing, phase);
    nest(body, sizes, write, { first: start, last: end });
  } else if (isShort && cost <= UNROLLED) unrolled(sizes, [], write);
  else nest(body, sizes, write);
}

function unrolled(sizes: readonly number[], point: Coordinates, write: (point: Coordinates) => void): void {
  const [size, ...rest] = sizes;
  if (size === undefined) return write(point);
  for (let index = 0; index < size; index++) unrolled(rest, [...point, i32.const(index)], write);
}

/** Address of a result's part. */
export function partialAddress(
  { kernel: { outer } }: Reducing,
  { addresses, bytes }: Partials,
  reduction: number,
  part: Value<"i32">,
  coordinates: Coordinates,
): Value<"i32"> {
  const strides: number[] = [];
  let stride = 8;
  for (let axis = outer.length - 1; axis >= 0; axis--) {
    strides.unshift(stride);
    const size = at(outer, axis);
    stride *= axis === outer.length - 1 ? Math.ceil(size / 4) * 4 : size;
  }
  const affine = { offset: at(addresses, reduction), strides: [bytes, ...strides] };
  return affineValue(affine, [part, ...coordinates]);
}

/** The epilogue and the stores at one point. */
export function finishElement(
  { context, environment: { addressing }, kernel }: Reducing,
  outer: Coordinates,
  results: readonly Element[],
): void {
  const sums = results.map((result) => kept(context, result));
  const values = elementValues(context, addressing, kernel.epilogue, outer, sums);
  for (const store of kernel.stores) {
    const value = values[store.value];
    if (value === undefined) continue;
    const address = addressOf(addressing, store.buffer, store.index, outer);
    context.body.run(storeElement(context, addressing.dtype(store.buffer), address, value));
  }
}
