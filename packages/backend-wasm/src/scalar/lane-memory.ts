import { type DType, dtypeInfo } from "@adjoint/ir/values";
import { type Value, f32x4, i16x8, i32, i32x4, i8x16, v128 } from "../emit/index.ts";
import type { Address } from "./affine.ts";
import type { Element, LaneDType, LoadedDType } from "./carriers.ts";
import type { Context } from "./context.ts";
import { as } from "./element.ts";
import type { Scope } from "./helpers.ts";

type Vector = Value<"v128">;
/** Positions of four lanes from a common one, in elements. */
export type Steps = readonly [number, number, number, number];

/** True if steps are these. */
const same = (steps: readonly number[], other: readonly number[]): boolean =>
  steps.every((step, lane) => step === other[lane]);

/** One lane as an element. */
export function laneOf(vector: Vector, dtype: LoadedDType, lane: number): Element {
  if (dtype === "f32") return f32x4.extractLane(vector, lane);
  const word = i32x4.extractLane(vector, lane);
  return dtype === "bool" ? i32.and(word, i32.const(1)) : word;
}

/** The vector with an element put into a lane. */
export function withLane(vector: Vector, dtype: LoadedDType, lane: number, value: Element): Vector {
  if (dtype === "f32") return f32x4.replaceLane(vector, lane, as("f32", value));
  const word = as("i32", value);
  return i32x4.replaceLane(vector, lane, dtype === "bool" ? i32.sub(i32.const(0), word) : word);
}

/** True if lanes this far apart are read by one or two vectors, up to 28 bytes around what is wanted. */
export const isNear = (dtype: DType, steps: Steps, count: number): boolean => {
  const wanted = steps.slice(0, count);
  const reach = Math.max(...wanted) - Math.min(...wanted);
  return reach === 0 || (dtype === "f32" || dtype === "i32" || dtype === "u32" ? reach <= 7 : reach <= 3);
};

/** The first `count` lanes from memory; the others hold anything. */
export function loadLanes(
  context: Context,
  dtype: LoadedDType,
  { base, offset }: Address,
  steps: Steps,
  count: number,
): Vector {
  const { bytes } = dtypeInfo[dtype];
  const wanted = steps.slice(0, count);
  const low = Math.min(...wanted);
  const order = steps.map((step, lane) => (lane < count ? step - low : count === 1 ? 0 : lane));
  const start = offset + low * bytes;
  const at = start >= 0 ? { base, offset: start } : { base: i32.add(base, i32.const(start)), offset: 0 };
  if (bytes === 4) return loadWords(context, at, order, count);
  return loadNarrow(context, dtype, at, order, count);
}

function loadWords(
  context: Context,
  { base, offset }: Address,
  order: readonly number[],
  count: number,
): Vector {
  const [a = 0, b = 0, c = 0, d = 0] = order;
  const reach = Math.max(...order);
  if (reach === 0) return v128.load32Splat(base, offset);
  if (same(order, [0, 1, 2, 3])) return v128.load(base, offset);
  if (reach <= 3) {
    const whole = context.body.let(v128.load(base, offset));
    return i32x4.shuffle(whole, whole, [a, b, c, d]);
  }
  if (reach <= 7) return i32x4.shuffle(v128.load(base, offset), v128.load(base, offset + 16), [a, b, c, d]);
  return order
    .slice(1, count)
    .reduce<Vector>(
      (sum, step, index) => v128.load32Lane(base, sum, index + 1, offset + 4 * step),
      v128.load32Zero(base, offset + 4 * a),
    );
}

/** Writes the first `count` lanes. */
export function storeLanes(
  context: Context,
  dtype: LaneDType,
  { base, offset }: Address,
  steps: Steps,
  count: number,
  value: Vector,
): void {
  const { body } = context;
  const isBool = dtype === "bool";
  const bytes = isBool ? 1 : 4;
  const vector = isBool ? body.let(maskBytes(context, value)) : value;
  const wanted = steps.slice(0, count);
  const isDense = same(wanted, [0, 1, 2, 3]);
  const low = Math.min(...wanted);
  const start = offset + low * bytes;
  const from = start >= 0 ? start : 0;
  const target = start >= 0 ? base : i32.add(base, i32.const(start));
  if (isDense && count === 4) {
    body.run(isBool ? v128.store32Lane(target, vector, 0, from) : v128.store(target, vector, from));
    return;
  }
  const own = body.let(vector);
  const address = body.let(target);
  let lane = 0;
  if (isDense && count >= 2) {
    body.run(isBool ? v128.store16Lane(address, own, 0, from) : v128.store64Lane(address, own, 0, from));
    lane = 2;
  }
  const store = isBool ? v128.store8Lane : v128.store32Lane;
  for (; lane < count; lane++) {
    const step = (wanted[lane] ?? 0) - low;
    body.run(store(address, own, lane, from + bytes * step));
  }
}

/** Four masks as bytes 0 or 1 in the first word. */
export function maskBytes({ body }: Scope, mask: Vector): Vector {
  const words = body.let(v128.and(mask, body.i32x4(1)));
  const halves = body.let(i16x8.narrowI32x4S(words, words));
  return i8x16.narrowI16x8U(halves, halves);
}

/** Lanes of 32 bits from elements of one or two bytes, which lie in an order from an address. */
const loadNarrow = (
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
