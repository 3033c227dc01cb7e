import { type Body, type Value, i32 } from "../emit/index.ts";
import type { Line } from "./units.ts";

/** Vectors along an axis, in groups that are computed together. */
export interface VectorGroups {
  /** Points of the whole axis. */
  readonly size: number;
  /** Points that a vector of four lanes covers. */
  readonly step: number;
  /** Vectors that are computed together. */
  readonly vectors: number;
}

/**
 * Statements for all vectors of a line: groups of them in a loop, and what is left over behind it, of whose last
 * vector only some lanes exist. Parts of an axis begin at multiples of a group.
 */
export function eachVectorGroup(
  body: Body,
  { start, end, isPart }: Pick<Line, "start" | "end" | "isPart">,
  { size, step, vectors }: VectorGroups,
  write: (at: Value<"i32">, lanes: readonly number[]) => void,
): void {
  const group = step * vectors;
  const whole = Array.from({ length: vectors }, () => 4);
  const left = size % group;
  const rest = Array.from({ length: Math.ceil(left / step) }, (_, vector) =>
    Math.min(4, ((left - vector * step) * 4) / step),
  );
  if (!isPart && size < 2 * group) {
    if (size >= group) write(i32.const(0), whole);
    if (left > 0) write(i32.const(size - left), rest);
    return;
  }
  const at = body.let(start);
  body.for(at, body.let(i32.sub(end, i32.const(group - 1))), group, () => write(at, whole));
  if (left === 0) return;
  if (isPart) body.if(i32.ltS(at, end), () => write(at, rest));
  else write(i32.const(size - left), rest);
}
