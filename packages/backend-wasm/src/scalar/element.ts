import {
  type DType,
  type Scalar,
  bf16ToNumber,
  dtypeInfo,
  f16ToNumber,
  numberToBf16,
  numberToF16,
} from "@adjoint/ir/values";
import { Local, type Value, f32, f64, i32, i64 } from "../emit/index.ts";
import { type Element, carrier } from "./carriers.ts";
import type { Context } from "./context.ts";
import { decode, encode } from "./half.ts";

/** An element at an address. */
export function loadElement(context: Context, dtype: DType, address: Value<"i32">, offset = 0): Element {
  switch (dtype) {
    case "f64":
      return f64.load(address, offset);
    case "f32":
      return f32.load(address, offset);
    case "f16":
    case "bf16":
      return decode(context, dtype, i32.load16U(address, offset));
    case "i64":
    case "u64":
      return i64.load(address, offset);
    case "i32":
    case "u32":
      return i32.load(address, offset);
    case "i16":
      return i32.load16S(address, offset);
    case "u16":
      return i32.load16U(address, offset);
    case "i8":
      return i32.load8S(address, offset);
    case "u8":
    case "bool":
      return i32.load8U(address, offset);
  }
}

/** Writes an element; the value is in the dtype's carrier. */
export function storeElement(
  context: Context,
  dtype: DType,
  address: Value<"i32">,
  value: Element,
  offset = 0,
): Value<"void"> {
  switch (dtype) {
    case "f64":
      return f64.store(address, as("f64", value), offset);
    case "f32":
      return f32.store(address, as("f32", value), offset);
    case "f16":
    case "bf16": {
      return i32.store16(address, encode(context, dtype, as("f32", value)), offset);
    }
    case "i64":
    case "u64":
      return i64.store(address, as("i64", value), offset);
    case "i32":
    case "u32":
      return i32.store(address, as("i32", value), offset);
    case "i16":
    case "u16":
      return i32.store16(address, as("i32", value), offset);
    case "i8":
    case "u8":
    case "bool":
      return i32.store8(address, as("i32", value), offset);
  }
}

/** The value as what it is known to be. */
export function as<T extends Element["type"]>(type: T, value: Element): Value<T> {
  if (value.type !== type) throw new TypeError(`a value of ${value.type} where ${type} was wanted`);
  // The line above checked it.
  return value as Value<T>;
}

/** A value that may be used several times. */
export const kept = (context: Context, value: Element): Local =>
  value instanceof Local ? value : context.body.let(value);

/** A constant in the dtype's carrier, rounded to the dtype. */
export function constantElement(dtype: DType, value: Scalar): Element {
  switch (carrier[dtype]) {
    case "f64":
      return f64.const(Number(value));
    case "f32": {
      const number = Number(value);
      if (dtype === "f16") return f32.const(f16ToNumber(numberToF16(number)));
      return f32.const(dtype === "bf16" ? bf16ToNumber(numberToBf16(number)) : number);
    }
    case "i64":
      return i64.const(BigInt.asIntN(64, BigInt(value)));
    case "i32":
      return i32.const(Number(BigInt.asIntN(32, BigInt(value))));
  }
}

/** Brings a result to the dtype's own precision or width. */
export function fit(context: Context, dtype: DType, value: Element): Element {
  switch (dtype) {
    case "f16":
    case "bf16": {
      return decode(context, dtype, encode(context, dtype, as("f32", value)));
    }
    case "i16":
      return i32.extend16S(as("i32", value));
    case "i8":
      return i32.extend8S(as("i32", value));
    case "u16":
      return i32.and(as("i32", value), i32.const(0xffff));
    case "u8":
      return i32.and(as("i32", value), i32.const(0xff));
    default:
      return value;
  }
}

export const isUnsigned = (dtype: DType): boolean =>
  dtypeInfo[dtype].class === "uint" || dtypeInfo[dtype].class === "bool";
