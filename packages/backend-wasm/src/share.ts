import { type Body, type Local, type Value, i32, select } from "./emit/index.ts";

/** What threads may share of a contraction. */
export type Split = "batch" | "rows" | "columns";

/** A thread's share of units: from the first to before the second. */
export function shareOf(
  body: Body,
  units: number,
  thread: Value<"i32">,
  threads: Value<"i32">,
): readonly [Local<"i32">, Local<"i32">] {
  const at = (index: Value<"i32">): Local<"i32"> =>
    body.let(i32.divU(i32.mul(i32.const(units), index), threads));
  return [at(thread), at(i32.add(thread, i32.const(1)))];
}

type Range = (
  part: Split,
  size: number,
  units: number,
  unit: number,
) => readonly [Local<"i32">, Local<"i32">];

/** A thread's range of a part: all of one that isn't split, else a share of its units, the last of which ends with the part. */
export const rangeOf =
  (body: Body, split: Split, thread: Value<"i32">, threads: Value<"i32">): Range =>
  (part, size, units, unit) => {
    if (part !== split) return [body.let(i32.const(0)), body.let(i32.const(size))];
    const [from, to] = shareOf(body, units, thread, threads);
    const end = select(i32.eq(to, i32.const(units)), i32.const(size), i32.mul(to, i32.const(unit)));
    return [body.let(i32.mul(from, i32.const(unit))), body.let(end)];
  };
