import { dtypeInfo } from "@adjoint/ir";
import { type Value, i16x8, i32x4, i8x16, v128 } from "../emit/index.ts";
import type { Address } from "./affine.ts";
import type { LoadedDType } from "./carriers.ts";
import type { Scope } from "./helpers.ts";
import { same } from "./lane-memory.ts";

type Vector = Value<"v128">;

/** Four masks as bytes 0 or 1 in the first word. */
export function maskBytes({ body }: Scope, mask: Vector): Vector {
  const words = body.let(v128.and(mask, body.i32x4(1)));
  const halves = body.let(i16x8.narrowI32x4S(words, words));
  return i8x16.narrowI16x8U(halves, halves);
}

/** Lanes of 32 bits from elements of one or two bytes, which lie in an order from an address. */
export const loadNarrow = (
  scope: Scope,
  dtype: LoadedDType,
  address: Address,
  order: readonly number[],
  count: number,
): Vector => widened(scope, dtype, loadPacked(scope, address, order, count, dtypeInfo[dtype].bytes));

/** Elements of one or two bytes side by side. */
function loadPacked(
  { body }: Scope,
  { base, offset }: Address,
  order: readonly number[],
  count: number,
  bytes: number,
): Vector {
  const narrow = bytes === 1;
  if (Math.max(...order) === 0)
    return narrow ? v128.load8Splat(base, offset) : v128.load16Splat(base, offset);
  if (same(order.slice(0, count), [0, 1, 2, 3]))
    return narrow ? v128.load32Zero(base, offset) : v128.load64Zero(base, offset);
  const load = narrow ? v128.load8Lane : v128.load16Lane;
  return order
    .slice(0, count)
    .reduce<Vector>((sum, step, lane) => load(base, sum, lane, offset + bytes * step), body.i32x4(0));
}

function widened({ body }: Scope, dtype: LoadedDType, packed: Vector): Vector {
  switch (dtype) {
    case "i8":
      return i32x4.extendLowI16x8S(i16x8.extendLowI8x16S(packed));
    case "u8":
      return i32x4.extendLowI16x8U(i16x8.extendLowI8x16U(packed));
    case "i16":
      return i32x4.extendLowI16x8S(packed);
    case "u16":
      return i32x4.extendLowI16x8U(packed);
    case "bool":
      return i32x4.ne(i32x4.extendLowI16x8U(i16x8.extendLowI8x16U(packed)), body.i32x4(0));
    default:
      return packed;
  }
}
