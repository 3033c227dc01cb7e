import type { DType } from "@adjoint/ir";
import { type Value, f32, f64, i32, i64 } from "../emit/index.ts";
import { familyOf } from "../family-of.ts";
import { type Element, carrier } from "./carriers.ts";
import type { Context } from "./context.ts";
import { as, isUnsigned } from "./element.ts";

/** Floats to integers truncate and saturate, NaN gives 0; integers wrap; anything to bool is `≠ 0`. */
export function castElement(context: Context, value: Element, from: DType, to: DType): Element {
  if (from === to) return value;
  if (to === "bool") return notZero(value);
  if (to === "f64") return toF64(value, from);
  if (to !== "f32") return familyOf(context.families, "words").castWord(context, value, from, to);
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

export function toF64(value: Element, from: DType): Value<"f64"> {
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
