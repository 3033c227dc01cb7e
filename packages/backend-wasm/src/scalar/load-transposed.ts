import { type Body, type Local, type Value, i32, i32x4, v128 } from "../emit/index.ts";
import type { Address } from "./affine.ts";
import type { Steps } from "./lane-memory.ts";

type Vector = Value<"v128">;

/** Four vectors whose lanes are `steps` words apart and which begin at neighbouring words: a square, transposed. */
export function loadTransposed(
  body: Body,
  { base, offset }: Address,
  steps: Steps,
  count: number,
): readonly Local<"v128">[] {
  const rows = steps.slice(0, count).map((step) => {
    const at = offset + 4 * step;
    return body.let(at >= 0 ? v128.load(base, at) : v128.load(i32.add(base, i32.const(at))));
  });
  const zero = body.i32x4(0);
  const [a = zero, b = zero, c = zero, d = zero] = rows;
  const low = (x: Vector, y: Vector): Local<"v128"> => body.let(i32x4.shuffle(x, y, [0, 4, 1, 5]));
  const high = (x: Vector, y: Vector): Local<"v128"> => body.let(i32x4.shuffle(x, y, [2, 6, 3, 7]));
  const [ac, bd, ca, db] = [low(a, c), low(b, d), high(a, c), high(b, d)];
  return [low(ac, bd), high(ac, bd), low(ca, db), high(ca, db)];
}
