import { i32, i64x2, v128 } from "../emit/index.ts";
import type { Lanes, Vector } from "./lanes.ts";

const SQRT_HALF = 0x3fe6a09e667f3bcdn;
const ONE = 0x3ff0000000000000n;
/** 2⁵² and above, a double's low bits are an integer. */
const INTEGERS = 2 ** 52;

/** A normal u > 0 as 2^k·m with m from √½ to √2. */
export function split(m: Lanes, u: Vector): { readonly k: Vector; readonly mantissa: Vector } {
  const bits = m.let(i64x2.add(u, m.body.i64x2(ONE - SQRT_HALF)));
  const biased = v128.or(i64x2.shrU(bits, i32.const(52)), m.c(INTEGERS));
  const mantissa = i64x2.add(v128.and(bits, m.body.i64x2((1n << 52n) - 1n)), m.body.i64x2(SQRT_HALF));
  return { k: m.sub(biased, m.c(INTEGERS + 1023)), mantissa };
}
