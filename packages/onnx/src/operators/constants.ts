import {
  type Schema,
  array,
  bigint,
  custom,
  int,
  optional,
  strictObject,
  string,
  union,
  withDefault,
} from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import { type Dim, valueOf, zeroValue } from "@adjoint/ir/values";
import { type HostTensor, NarrowTensor, constantValue } from "../import/value.ts";
import { type Operator, float, operator } from "./row.ts";
import { dtypeOfElement } from "../element-type.ts";
import { unsupported } from "../errors.ts";

const tensor: Schema<HostTensor> = custom<HostTensor>(
  (value) => typeof value === "object" && value !== null && "data" in value,
  "must be a tensor",
);

/** A size as an i64 scalar; that of a symbolic axis is a sum of ones, which folds once the symbol is bound. */
export function sizeTensor(size: Dim): Tensor {
  if (typeof size === "number") return ir.constant(BigInt(size), "i64");
  return ir.filled(1n, "i64", [size]).reduceSum();
}

/** Sizes as an i64 vector. */
const sizesTensor = (sizes: readonly Dim[]): Tensor =>
  sizes.every((size) => typeof size === "number")
    ? ir.constant(valueOf("i64", [sizes.length], sizes.map(Number)))
    : ir.stack(sizes.map(sizeTensor));

const text = (): never => {
  throw unsupported("element type STRING", "Constant");
};

/** The value of each of Constant's attributes. */
const forms: { readonly [name: string]: (value: never) => HostTensor } = {
  value: (value: HostTensor) => value,
  sparse_value: (value: HostTensor) => value,
  value_float: (value: number) => valueOf("f32", [], [value]),
  value_floats: (values: readonly number[]) => valueOf("f32", [values.length], values),
  value_int: (value: number | bigint) => valueOf("i64", [], [value]),
  value_ints: (values: readonly (number | bigint)[]) => valueOf("i64", [values.length], values),
  value_string: text,
  value_strings: text,
};

const integer = union([int(), bigint()]);

export const constants: readonly Operator[] = [
  operator({
    name: "Identity",
    since: [1, 13, 14, 16, 19, 21, 23, 24, 25],
    import: (context) => context.value(0),
  }),
  operator({
    name: "Constant",
    since: [1, 9, 11, 12, 13, 19, 21, 23, 24, 25],
    attributes: strictObject({
      value: optional(tensor),
      sparse_value: optional(tensor),
      value_float: optional(float),
      value_floats: optional(array(float)),
      value_int: optional(integer),
      value_ints: optional(array(integer)),
      value_string: optional(string()),
      value_strings: optional(array(string())),
    }),
    import(context) {
      const [given, second] = Object.entries(context.attributes).filter(([, value]) => value !== undefined);
      const form = given && forms[given[0]];
      if (form === undefined || second !== undefined) return context.refuse("needs exactly one value");
      // The schema checked each attribute's type, which the table's union can't say.
      return constantValue(form(given?.[1] as never));
    },
  }),
  operator({
    name: "ConstantOfShape",
    since: [9, 20, 21, 23, 24, 25],
    attributes: strictObject({ value: optional(tensor) }),
    import(context) {
      const { value = zeroValue("f32", [1]) } = context.attributes;
      const { dtype, data, narrow }: HostTensor = value;
      if (data.length !== 1) context.refuse("its value must be one element");
      const result = ir.constant({ dtype, data, shape: [] }).broadcast(context.dims(0));
      return narrow === undefined ? result : new NarrowTensor(result, narrow);
    },
  }),
  operator({
    name: "Shape",
    since: [1, 13, 15, 19, 21, 23, 24, 25],
    attributes: strictObject({ start: withDefault(int(), 0), end: optional(int()) }),
    elements: "unread",
    import: (context) =>
      sizesTensor(context.input(0).shape.slice(context.attributes.start, context.attributes.end)),
  }),
  operator({
    name: "Size",
    since: [1, 13, 19, 21, 23, 24, 25],
    elements: "unread",
    import: (context) => context.input(0).shape.map(sizeTensor).reduce(ir.mul, ir.constant(1n, "i64")),
  }),
  operator({
    name: "EyeLike",
    since: [9, 22],
    attributes: strictObject({ dtype: optional(int()), k: withDefault(int(), 0) }),
    import(context) {
      const like = context.input(0);
      const { dtype, k } = context.attributes;
      const [rows, columns] = [ir.iota("i32", like.shape, 0), ir.iota("i32", like.shape, 1)];
      const result = dtype === undefined ? like.dtype : dtypeOfElement(dtype, "EyeLike's result");
      return rows.add(k).equal(columns).cast(result);
    },
  }),
];
