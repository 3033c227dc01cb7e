import { type DType, dtypeInfo, dtypeRange, isFloat } from "@adjoint/ir";
import { type Value, call, f32, f64, i32, i64, select } from "../emit/index.ts";
import { toF64 } from "./cast.ts";
import { type Element, carrier } from "./carriers.ts";
import type { Context } from "./context.ts";
import { as, fit, isUnsigned, kept } from "./element.ts";
import { decode, encode } from "./half.ts";
import { demoteOdd } from "./word-functions.ts";

/** Casts to integers and to 16-bit floats. */
export function castWord(context: Context, value: Element, from: DType, to: DType): Element {
  if (isFloat(to)) {
    const single = carrier[from] === "f32";
    return fit(context, to, single ? value : call(demoteOdd(context.helpers), toF64(value, from)));
  }
  return isFloat(from) ? saturated(context, value, to) : wrapped(context, value, from, to);
}

function saturated(context: Context, value: Element, to: DType): Element {
  const unsigned = isUnsigned(to);
  const single = value.type === "f32";
  if (carrier[to] === "i64") {
    if (single) return unsigned ? i64.truncSatF32U(as("f32", value)) : i64.truncSatF32S(as("f32", value));
    return unsigned ? i64.truncSatF64U(as("f64", value)) : i64.truncSatF64S(as("f64", value));
  }
  const wide = single ? f64.promoteF32(as("f32", value)) : as("f64", value);
  const whole = unsigned ? i32.truncSatF64U(wide) : i32.truncSatF64S(wide);
  if (dtypeInfo[to].bytes === 4) return whole;
  const [low, high] = dtypeRange(to).map((bound) => i32.const(Number(bound)));
  const own = context.body.let(whole);
  if (low === undefined || high === undefined) return own;
  if (unsigned) return select(i32.ltU(own, high), own, high);
  const below = context.body.let(select(i32.ltS(own, high), own, high));
  return select(i32.gtS(below, low), below, low);
}

function wrapped(context: Context, value: Element, from: DType, to: DType): Element {
  if (carrier[from] === "i64")
    return carrier[to] === "i64" ? value : fit(context, to, i32.wrapI64(as("i64", value)));
  const word = as("i32", value);
  if (carrier[to] === "i64") return isUnsigned(from) ? i64.extendI32U(word) : i64.extendI32S(word);
  return fit(context, to, word);
}

/** The same bits read as another dtype of the same width. */
export function bitcastElement(context: Context, value: Element, from: DType, to: DType): Element {
  if (from === to) return value;
  if (dtypeInfo[from].bytes === 8) {
    const bits = from === "f64" ? i64.reinterpretF64(as("f64", value)) : as("i64", value);
    return to === "f64" ? f64.reinterpretI64(bits) : bits;
  }
  const bits = kept(context, bitsOf(context, value, from));
  if (to === "f32") return f32.reinterpretI32(as("i32", bits));
  return to === "f16" || to === "bf16" ? decode(context, to, as("i32", bits)) : fit(context, to, bits);
}

function bitsOf(context: Context, value: Element, from: DType): Value<"i32"> {
  if (from === "f16" || from === "bf16") return encode(context, from, as("f32", value));
  return from === "f32" ? i32.reinterpretF32(as("f32", value)) : as("i32", value);
}
