import { z } from "zod";
import type { DType, Tensor } from "@adjoint/ir";
import { dtypeOfElement, elementTypes } from "../element-type.ts";
import type { ExportRows } from "../export/row.ts";
import { before } from "./older.ts";
import { type Operator, flag, operator } from "./row.ts";

/** Saturation and rounding modes concern 8-bit floats, which can't be imported. */
const modes = { saturate: flag.default(true), round_mode: z.string().default("up") };

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
    attributes: z.strictObject({ to: z.int(), ...modes }),
    import: (context) => context.input(0).cast(dtypeOfElement(context.attributes.to, "Cast's result")),
  }),
  operator({
    name: "CastLike",
    since: [15, 19, 21, 23, 24, 25],
    attributes: z.strictObject(modes),
    import: (context) => context.input(0).cast(context.input(1).dtype),
  }),
  operator({
    name: "BitCast",
    since: [26],
    attributes: z.strictObject({ to: z.int() }),
    import: (context) => bitcast(context.input(0), dtypeOfElement(context.attributes.to, "BitCast's result")),
  }),
];

/** What the primitives of this family are in ONNX. */
export const castExports: ExportRows<"cast" | "stopGradient"> = {
  cast: ({ inputs, attributes }, writer) =>
    writer.write("Cast", inputs.map(writer.name), { attributes: { to: elementTypes[attributes.dtype] } }),
  stopGradient: ({ inputs }, writer) => inputs.map(writer.name),
};
