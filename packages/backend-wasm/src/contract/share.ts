import { type Body, type Local, type Value, i32 } from "../emit/index.ts";

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
