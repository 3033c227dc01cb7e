import type { Tensor } from "@adjoint/ir";
import { dtypeRange } from "@adjoint/ir/values";
import type { ElementType } from "../element-type.ts";
import { NarrowTensor, type Value, asTensor } from "../import/value.ts";
import { narrow, widen } from "../narrow/convert.ts";
import { narrowRange } from "../narrow/types.ts";

/** The element type of a value. @throws UnsupportedError for one that is not a tensor. */
export function typeOfValue(value: Value): ElementType {
  if (value instanceof NarrowTensor) return { dtype: value.tensor.dtype, narrow: value.type };
  return { dtype: asTensor(value, "quantization").dtype, narrow: undefined };
}

/** The values of quantized elements or zero points: whole numbers as i32, narrow floats as f32. */
export function numbersOf(value: Value): Tensor {
  if (!(value instanceof NarrowTensor)) return asTensor(value, "quantization").cast("i32");
  return widen(value.tensor, value.type, value.type.format.kind === "integer" ? "i32" : "f32");
}

/** Scales, which may be narrow floats. */
export const scalesOf = (value: Value): Tensor =>
  value instanceof NarrowTensor ? widen(value.tensor, value.type, "f32") : asTensor(value, "quantization");

/** Whole numbers less their zero point, i32. */
export const centred = (x: Tensor, zero: Tensor | undefined): Tensor =>
  zero === undefined ? x.cast("i32") : x.cast("i32").sub(zero.cast("i32"));

/** Ratios rounded, moved by the zero point and cut to the range of an element type. */
export function quantized(
  ratio: Tensor,
  zero: Tensor | undefined,
  to: ElementType,
  saturate: boolean,
): Value {
  const type = to.narrow;
  const moved = (x: Tensor): Tensor => (zero === undefined ? x : x.add(zero.cast("f32")));
  if (type !== undefined && type.format.kind !== "integer")
    return new NarrowTensor(narrow(moved(ratio.cast("f32")), type, { saturate, mode: "up" }), type);
  const [low, high] = type === undefined ? dtypeRange(to.dtype) : narrowRange(type);
  const whole = moved(ratio.round().cast("f32")).max(Number(low)).min(Number(high)).cast(to.dtype);
  return type === undefined ? whole : new NarrowTensor(whole, type);
}
