import { type Body, type Local, type Value, i32, select } from "./emit/index.ts";

/** The axis of a contraction that threads share. */
export type Split = "batch" | "rows" | "columns";

/** Of equal parts of a kernel's work, those from the first number to before the second; the third is how many there are. */
export type Share = readonly [from: Value<"i32">, to: Value<"i32">, parts: Value<"i32">];

/** The units in a share: from the first to before the second. */
export function shareOf(
  body: Body,
  units: number,
  [from, to, parts]: Share,
): readonly [Local<"i32">, Local<"i32">] {
  const at = (part: Value<"i32">): Local<"i32"> => body.let(i32.divU(i32.mul(i32.const(units), part), parts));
  return [at(from), at(to)];
}

type Range = (
  part: Split,
  size: number,
  units: number,
  unit: number,
) => readonly [Local<"i32">, Local<"i32">];

/**
 * The range of a part: all of one that isn't split, else a share of its units, the last of which ends with the part. Where
 * there are none in the share, the function ends: this comes before all that it does.
 */
export const rangeOf =
  (body: Body, split: Split, share: Share): Range =>
  (part, size, units, unit) => {
    if (part !== split) return [body.let(i32.const(0)), body.let(i32.const(size))];
    const [from, to] = shareOf(body, units, share);
    body.if(i32.eq(from, to), () => body.return());
    const end = select(i32.eq(to, i32.const(units)), i32.const(size), i32.mul(to, i32.const(unit)));
    return [body.let(i32.mul(from, i32.const(unit))), body.let(end)];
  };

/** Code for a share of a kernel's work, by any thread: (thread, from, to, parts). */
export const SHARED = ["i32", "i32", "i32", "i32"] as const;
