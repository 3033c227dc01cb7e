import type { NameOf } from "@adjoint/ir/graph";
import type { DType } from "@adjoint/ir/values";
import { type Local, type ValueType, f32x4, i32, select } from "../emit/index.ts";
import { type BinaryMath, type UnaryMath, isBinaryMath } from "../math/functions.ts";
import { isMath } from "../math/library.ts";
import { bitcastElement, castElement } from "./cast.ts";
import { type Element, carrier } from "./carriers.ts";
import type { Context } from "./context.ts";
import { as, fit, isUnsigned, kept } from "./element.ts";
import { bitRules } from "./bit-rules.ts";
import { divisionRules } from "./division-rules.ts";
import { type FloatRow, type IntegerRow, type Row, type Rule, float, integer } from "./rules.ts";

type FloatName = "sqrt" | "isNaN" | "isInf" | "floor" | "ceil" | "round";
type BoolName = "not" | "and" | "or" | "xor";
type Special = "cast" | "bitcast" | "where" | "stopGradient";
type RowOf<N> = N extends FloatName
  ? FloatRow
  : N extends BoolName
    ? Pick<IntegerRow, "i32">
    : N extends "pow" | `bitwise${string}` | `shift${string}`
      ? IntegerRow
      : FloatRow & IntegerRow;

const larger = integer(({ i, unsigned }, a, b) => select(unsigned ? i.gtU(a, b) : i.gtS(a, b), a, b));
const smaller = integer(({ i, unsigned }, a, b) => select(unsigned ? i.ltU(a, b) : i.ltS(a, b), a, b));
const bool = (name: "and" | "or" | "xor"): Pick<IntegerRow, "i32"> => ({
  i32: (_, [a = i32.const(0), b = a]) => i32[name](a, b),
});

const table: {
  readonly [N in Exclude<NameOf<"map">, Special | UnaryMath | "atan2">]: RowOf<N>;
} = {
  abs: {
    ...float((f, x) => f.abs(x)),
    ...integer(({ i, constant, unsigned }, x) =>
      unsigned ? x : select(i.ltS(x, constant(0)), i.sub(constant(0), x), x),
    ),
  },
  neg: { ...float((f, x) => f.neg(x)), ...integer(({ i, constant }, x) => i.sub(constant(0), x)) },
  sqrt: float((f, x) => f.sqrt(x)),
  sign: {
    ...float((f, x) => select(f.gt(f.abs(x), f.const(0)), f.copysign(f.const(1), x), x)),
    ...integer(({ i, constant, unsigned }, x) => {
      const up = select(i.ne(x, constant(0)), constant(1), constant(0));
      return unsigned ? up : select(i.ltS(x, constant(0)), constant(-1), up);
    }),
  },
  floor: float((f, x) => f.floor(x)),
  ceil: float((f, x) => f.ceil(x)),
  round: float((f, x) => f.nearest(x)),
  isNaN: float((f, x) => f.ne(x, x)),
  isInf: float((f, x) => f.eq(f.abs(x), f.const(Infinity))),
  not: { i32: (_, [x = i32.const(0)]) => i32.eqz(x) },
  add: { ...float((f, a, b) => f.add(a, b)), ...integer(({ i }, a, b) => i.add(a, b)) },
  sub: { ...float((f, a, b) => f.sub(a, b)), ...integer(({ i }, a, b) => i.sub(a, b)) },
  mul: { ...float((f, a, b) => f.mul(a, b)), ...integer(({ i }, a, b) => i.mul(a, b)) },
  ...divisionRules,
  div: { ...float((f, a, b) => f.div(a, b)), ...divisionRules.div },
  ...bitRules,
  max: { ...float((f, a, b) => f.max(a, b)), ...larger },
  min: { ...float((f, a, b) => f.min(a, b)), ...smaller },
  equal: { ...float((f, a, b) => f.eq(a, b)), ...integer(({ i }, a, b) => i.eq(a, b)) },
  less: {
    ...float((f, a, b) => f.lt(a, b)),
    ...integer(({ i, unsigned }, a, b) => (unsigned ? i.ltU(a, b) : i.ltS(a, b))),
  },
  lessOrEqual: {
    ...float((f, a, b) => f.le(a, b)),
    ...integer(({ i, unsigned }, a, b) => (unsigned ? i.leU(a, b) : i.leS(a, b))),
  },
  and: bool("and"),
  or: bool("or"),
  xor: bool("xor"),
};

/** A map primitive on elements in the carrier of `from`; the result is in the carrier of `to`. */
export function mapElement(
  context: Context,
  operation: NameOf<"map">,
  operands: readonly Element[],
  from: DType,
  to: DType,
): Element {
  const own = operands.map((value) => kept(context, value));
  const [a, b, c] = own;
  if (a === undefined) throw new TypeError(`${operation} has no operands`);
  switch (operation) {
    case "stopGradient":
      return a;
    case "cast":
      return castElement(context, a, from, to);
    case "bitcast":
      return bitcastElement(context, a, from, to);
    case "where":
      if (b === undefined || c === undefined) throw new TypeError("where has three operands");
      return select(as("i32", a), b, as(b.type, c));
    default: {
      const type = carrier[from];
      if (isMath(operation) && (type === "f32" || type === "f64"))
        return fit(context, to, mathElement(context, operation, own, type));
      const rules: { readonly [N in NameOf<"map">]?: Row } = table;
      // The carrier decides the rule, and the operands are of that carrier.
      const rule = rules[operation]?.[type] as Rule<ValueType> | undefined;
      if (rule === undefined) throw new TypeError(`${operation} has no rule for ${from}`);
      return fit(context, to, rule(context, own, isUnsigned(from)));
    }
  }
}

/** f32 takes the vector code, so that an element's value does not depend on where it lies. */
function mathElement(
  { math, body }: Context,
  name: UnaryMath | BinaryMath,
  [a, b = a]: readonly Local[],
  type: "f32" | "f64",
): Element {
  if (a === undefined || b === undefined) throw new TypeError(`${name} has no operands`);
  if (type === "f32") {
    const [x, y] = [f32x4.splat(as(type, a)), f32x4.splat(as(type, b))];
    const lanes = isBinaryMath(name) ? math.f32x4Binary(name, body, x, y) : math.f32x4(name, body, x);
    return f32x4.extractLane(lanes, 0);
  }
  const [x, y] = [as(type, a), as(type, b)];
  return isBinaryMath(name) ? math.f64Binary(name, x, y) : math.f64(name, x);
}
