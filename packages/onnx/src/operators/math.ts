import { strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import { type Operand, type Tensor, isFloat } from "@adjoint/ir";
import { before, dropped, legacyBroadcast } from "./older.ts";
import { type Form, type Operator, flag, operator } from "./row.ts";

/** An operator of one operand without attributes. */
export const unary = (name: string, since: readonly number[], build: (x: Tensor) => Tensor): Operator =>
  operator({ name, since, import: (context) => build(context.input(0)) });

/** An operator of two operands that broadcast. */
export const binary = (
  name: string,
  since: readonly number[],
  build: (a: Tensor, b: Tensor) => Tensor,
): Operator =>
  operator({
    name,
    since,
    older: [legacyBroadcast],
    import: (context) => build(context.input(0), context.input(1)),
  });

/** An operator of any number of operands that broadcast. */
const variadic = (
  name: string,
  since: readonly number[],
  build: (a: Operand, b: Operand) => Tensor,
  finish: (result: Tensor, count: number) => Tensor = (result) => result,
): Operator =>
  operator({
    name,
    since,
    import(context) {
      const first = context.input(0);
      const rest = context.inputs(1);
      return finish(rest.reduce<Tensor>(build, first), rest.length + 1);
    },
  });

/** The exponent may have another type; the result has the base's. */
function pow(base: Tensor, exponent: Tensor): Tensor {
  if (base.dtype === exponent.dtype) return base.pow(exponent);
  if (isFloat(base.dtype) || !isFloat(exponent.dtype)) return base.pow(exponent.cast(base.dtype));
  return base.cast(exponent.dtype).pow(exponent).cast(base.dtype);
}

const unsigned = (x: Tensor): boolean => x.dtype.startsWith("u");

export const math: readonly Operator[] = [
  unary("Abs", [1, 6, 13], (x) => (unsigned(x) ? x : x.abs())),
  unary("Neg", [1, 6, 13], ir.neg),
  unary("Sign", [9, 13], ir.sign),
  unary("Exp", [1, 6, 13], ir.exp),
  unary("Log", [1, 6, 13], ir.log),
  unary("Sqrt", [1, 6, 13], ir.sqrt),
  unary("Sin", [7, 22], ir.sin),
  unary("Cos", [7, 22], ir.cos),
  unary("Tan", [7, 22], ir.tan),
  unary("Asin", [7, 22], ir.asin),
  unary("Acos", [7, 22], ir.acos),
  unary("Atan", [7, 22], ir.atan),
  unary("Sinh", [9, 22], ir.sinh),
  unary("Cosh", [9, 22], ir.cosh),
  unary("Tanh", [1, 6, 13], ir.tanh),
  unary("Asinh", [9, 22], ir.asinh),
  unary("Acosh", [9, 22], ir.acosh),
  unary("Atanh", [9, 22], ir.atanh),
  unary("Erf", [9, 13], ir.erf),
  unary("Floor", [1, 6, 13], ir.floor),
  unary("Ceil", [1, 6, 13], ir.ceil),
  unary("Round", [11, 22], ir.round),
  unary("Reciprocal", [1, 6, 13], (x) => ir.div(1, x)),
  binary("Add", [1, 6, 7, 13, 14], ir.add),
  binary("Sub", [1, 6, 7, 13, 14], ir.sub),
  binary("Mul", [1, 6, 7, 13, 14], ir.mul),
  binary("Div", [1, 6, 7, 13, 14], ir.div),
  binary("Pow", [1, 7, 12, 13, 15], pow),
  variadic("Max", [1, 6, 8, 12, 13], ir.max),
  variadic("Min", [1, 6, 8, 12, 13], ir.min),
  variadic("Sum", [1, 6, 8, 13], ir.add),
  variadic("Mean", [1, 6, 8, 13], ir.add, (sum, count) => sum.div(count)),
  operator({
    name: "Mod",
    since: [10, 13],
    attributes: strictObject({ fmod: withDefault(flag, false) }),
    import: (context) => (context.attributes.fmod ? ir.fmod : ir.mod)(context.input(0), context.input(1)),
  }),
  operator({
    name: "Clip",
    since: [1, 6, 11, 12, 13],
    older: [before(11, clipBounds)],
    import(context) {
      const x = context.input(0);
      const [low, high] = [context.optional(1), context.optional(2)];
      const [min, max] = [context.number(1), context.number(2)];
      const isKnown = (low === undefined || min !== undefined) && (high === undefined || max !== undefined);
      if (isKnown && ir.isFloat(x.dtype))
        return ir.clip(x, { ...(min !== undefined && { min }), ...(max !== undefined && { max }) });
      const raised = low === undefined ? x : x.max(low);
      return high === undefined ? raised : raised.min(high);
    },
  }),
];

/** Bounds were float attributes. */
function clipBounds({ attributes, inputs }: Form): Form {
  const [x] = inputs;
  const bound = (value: unknown): Tensor | undefined =>
    typeof value === "number" && x !== undefined ? ir.constant(value, x.dtype) : undefined;
  return {
    ...dropped("min", "max")({ attributes, inputs }),
    inputs: [x, bound(attributes["min"]), bound(attributes["max"])],
  };
}
