import { int, oneOf, strictObject, withDefault } from "@adjoint/ir/schema";
import type { DType, Tensor } from "@adjoint/ir";
import { type ElementType, dtypeOfElement, elementType, elementTypes } from "../element-type.ts";
import type { OperatorContext } from "../import/context.ts";
import { NarrowTensor, type Value } from "../import/value.ts";
import { type Rounding, narrow, widen } from "../narrow/convert.ts";
import { before } from "./older.ts";
import { type Operator, flag, operator } from "./row.ts";

/** Saturation and rounding modes concern narrow floats. */
const modes = {
  saturate: withDefault(flag, true),
  round_mode: withDefault(oneOf(["up", "down", "nearest"]), "up"),
};

/** Names of element types that attributes held before opset 6. */
const named: { readonly [name: string]: number } = {
  FLOAT: elementTypes.f32,
  UINT8: elementTypes.u8,
  INT8: elementTypes.i8,
  UINT16: elementTypes.u16,
  INT16: elementTypes.i16,
  INT32: elementTypes.i32,
  INT64: elementTypes.i64,
  BOOL: elementTypes.bool,
  FLOAT16: elementTypes.f16,
  DOUBLE: elementTypes.f64,
  UINT32: elementTypes.u32,
  UINT64: elementTypes.u64,
};

/** The element type of an input. */
function typeOf(context: OperatorContext, index: number): ElementType {
  const value = context.value(index);
  return value instanceof NarrowTensor
    ? { dtype: value.tensor.dtype, narrow: value.type }
    : { dtype: context.input(index).dtype, narrow: undefined };
}

/** Input 0 in another element type; between narrow types by way of f32, which holds all of them. */
function converted(
  context: OperatorContext<{ readonly saturate: boolean; readonly round_mode: Rounding["mode"] }>,
  to: ElementType,
): Value {
  const given = context.value(0);
  const wide = to.narrow === undefined ? to.dtype : "f32";
  const x = given instanceof NarrowTensor ? widen(given.tensor, given.type, wide) : context.input(0);
  if (to.narrow === undefined) return x.cast(to.dtype);
  const { saturate, round_mode: mode } = context.attributes;
  return new NarrowTensor(narrow(x, to.narrow, { saturate, mode }), to.narrow);
}

/** The same bits; a bool is a byte of 0 or 1. */
const bitcast = (x: Tensor, dtype: DType): Tensor =>
  x.dtype === "bool" || dtype === "bool" ? x.cast("u8").cast(dtype) : x.bitcast(dtype);

export const casts: readonly Operator[] = [
  operator({
    name: "Cast",
    since: [1, 6, 9, 13, 19, 21, 23, 24, 25],
    older: [
      before(6, ({ attributes, inputs }) => ({
        attributes: { ...attributes, to: named[String(attributes["to"])] ?? 0 },
        inputs,
      })),
    ],
    attributes: strictObject({ to: int(), ...modes }),
    import: (context) => converted(context, elementType(context.attributes.to, "Cast's result")),
  }),
  operator({
    name: "CastLike",
    since: [15, 19, 21, 23, 24, 25],
    attributes: strictObject(modes),
    import: (context) => converted(context, typeOf(context, 1)),
  }),
  operator({
    name: "BitCast",
    since: [26],
    attributes: strictObject({ to: int() }),
    import: (context) => bitcast(context.input(0), dtypeOfElement(context.attributes.to, "BitCast's result")),
  }),
];
