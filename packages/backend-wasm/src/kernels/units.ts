import { at } from "@adjoint/ir/values";
import { type Body, type Local, type Value, i32, select } from "../emit/index.ts";
import { nest, unravel } from "./loops.ts";

/** A kernel has about this many units at least, where it is large enough, so that threads share it evenly. */
const WANTED = 64;
/** Points of the inner axis that are worth a unit of their own. */
const BLOCK = 512;

/** A domain in units of about equal work: some of the outer axes, and blocks of the inner one. */
export interface Units {
  readonly count: number;
  /** The number of outer axes that number the units; the rest are inside each unit. */
  readonly axes: number;
  /** Blocks of the inner axis. */
  readonly blocks: number;
  /** Points of a block; the last may have fewer. */
  readonly block: number;
}

/** Points of a domain. */
export const pointsOf = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/**
 * @param step blocks have a multiple of this many points.
 * @param least and at least this many.
 */
export function unitsOf(outer: readonly number[], inner: number, step: number, least: number = BLOCK): Units {
  let [axes, lines] = [0, 1];
  while (axes < outer.length && lines < WANTED) lines *= at(outer, axes++);
  const most = Math.min(Math.ceil(WANTED / Math.max(1, lines)), Math.floor(inner / least));
  if (most <= 1) return { count: lines, axes, blocks: 1, block: inner };
  const block = Math.ceil(inner / most / step) * step;
  const blocks = Math.ceil(inner / block);
  return { count: lines * blocks, axes, blocks, block };
}

/** Points of the inner axis, from `start` to before `end`, at a point of the outer axes. */
export interface Line {
  readonly outer: readonly Value<"i32">[];
  readonly start: Value<"i32">;
  readonly end: Value<"i32">;
  /** True if the line is a block of several. */
  readonly isPart: boolean;
}

/** The first unit, and the one behind the last. */
export type Range = readonly [Local<"i32">, Local<"i32">];

/** Statements for every line in a range of the units. */
export function walkUnits(
  body: Body,
  outer: readonly number[],
  inner: number,
  units: Units,
  range: Range,
  write: (line: Line) => void,
): void {
  const { axes, blocks, block } = units;
  const [first, last] = range;
  const isPart = blocks > 1;
  const [numbered, rest] = [outer.slice(0, axes), outer.slice(axes)];
  const unit = body.let<"i32">(first);
  body.for(unit, last, 1, () => {
    const index = isPart ? body.let(i32.divU(unit, i32.const(blocks))) : unit;
    const start = isPart
      ? body.let(i32.mul(i32.sub(unit, i32.mul(index, i32.const(blocks))), i32.const(block)))
      : i32.const(0);
    const far = isPart ? body.let(i32.add(start, i32.const(block))) : i32.const(inner);
    const end =
      blocks * block === inner || !isPart
        ? far
        : body.let(select(i32.ltS(far, i32.const(inner)), far, i32.const(inner)));
    const fixed = unravel(body, numbered, index);
    nest(body, rest, (line) => write({ outer: [...fixed, ...line], start, end, isPart }));
  });
}
