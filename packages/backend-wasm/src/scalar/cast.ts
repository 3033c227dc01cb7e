import { type DType, dtypeInfo, dtypeRange, isFloat } from "@adjoint/ir/values";
import { type Value, call, f32, f64, i32, i64, select } from "../emit/index.ts";
import { type Element, carrier } from "./carriers.ts";
import type { Context } from "./context.ts";
import { as, fit, isUnsigned, kept } from "./element.ts";
import { demoteOdd } from "./element-functions.ts";
import { decode, encode } from "./half.ts";

/** Floats to integers truncate and saturate, NaN gives 0; integers wrap; anything to bool is `≠ 0`. */
export function castElement(context: Context, value: Element, from: DType, to: DType): Element {
  if (from === to) return value;
  if (to === "bool") return notZero(value);
  if (to === "f64") return toF64(value, from);
  if (to !== "f32") return castWord(context, value, from, to);
  return carrier[from] === "f32" ? value : f32.demoteF64(toF64(value, from));
}

function notZero(value: Element): Value<"i32"> {
  switch (value.type) {
    case "f32":
      return f32.ne(as("f32", value), f32.const(0));
    case "f64":
      return f64.ne(as("f64", value), f64.const(0));
    case "i64":
      return i64.ne(as("i64", value), i64.const(0n));
    default:
      return i32.ne(as("i32", value), i32.const(0));
  }
}

function toF64(value: Element, from: DType): Value<"f64"> {
  const unsigned = isUnsigned(from);
  switch (carrier[from]) {
    case "f64":
      return as("f64", value);
    case "f32":
      return f64.promoteF32(as("f32", value));
    case "i64":
      return unsigned ? f64.convertI64U(as("i64", value)) : f64.convertI64S(as("i64", value));
    case "i32":
      return unsigned ? f64.convertI32U(as("i32", value)) : f64.convertI32S(as("i32", value));
  }
}

/** Casts to integers and to 16-bit floats. */
function castWord(context: Context, value: Element, from: DType, to: DType): Element {
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
