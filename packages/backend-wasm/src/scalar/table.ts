import type { DType, NameOf } from "@adjoint/ir";
import {
  type Float,
  type Integer,
  type Value,
  type ValueType,
  call,
  f32,
  f32x4,
  f64,
  i32,
  i64,
  select,
} from "../emit/index.ts";
import type { BinaryMath, UnaryMath } from "../math/library.ts";
import { bitcastElement, castElement } from "./cast.ts";
import { type Context, type Element, carrier, powerI64, remainder } from "./context.ts";
import { as, fit, isUnsigned, kept } from "./element.ts";

/** Operands are locals, so each may be used several times. */
type Rule<T extends ValueType> = (
  context: Context,
  operands: readonly Value<T>[],
  unsigned: boolean,
) => Element;
interface FloatRow {
  readonly f32: Rule<"f32">;
  readonly f64: Rule<"f64">;
}
interface IntegerRow {
  readonly i32: Rule<"i32">;
  readonly i64: Rule<"i64">;
}
type Row = Partial<FloatRow & IntegerRow>;

type FloatName = UnaryMath | "sqrt" | "floor" | "ceil" | "round" | "isNaN" | "isInf" | "atan2";
type IntegerName = "bitwiseNot" | "bitwiseAnd" | "bitwiseOr" | "bitwiseXor" | "shiftLeft" | "shiftRight";
type BoolName = "not" | "and" | "or" | "xor";
type Special = "cast" | "bitcast" | "where" | "stopGradient";
type RowOf<N> = N extends FloatName
  ? FloatRow
  : N extends IntegerName
    ? IntegerRow
    : N extends BoolName
      ? Pick<IntegerRow, "i32">
      : FloatRow & IntegerRow;

/** One rule for both float types. */
const float = (
  rule: <T extends "f32" | "f64">(f: Float<T>, a: Value<T>, b: Value<T>) => Value<ValueType>,
): FloatRow => ({
  f32: (_, [a = f32.const(0), b = a]) => rule(f32, a, b),
  f64: (_, [a = f64.const(0), b = a]) => rule(f64, a, b),
});

interface IntegerCode<T extends "i32" | "i64"> {
  readonly i: Integer<T>;
  readonly constant: (value: number) => Value<T>;
  readonly unsigned: boolean;
  readonly context: Context;
}

/** One rule for both integer carriers. */
const integer = (
  rule: <T extends "i32" | "i64">(code: IntegerCode<T>, a: Value<T>, b: Value<T>) => Element,
): IntegerRow => ({
  i32: (context, [a = i32.const(0), b = a], unsigned) =>
    rule({ i: i32, constant: i32.const, unsigned, context }, a, b),
  i64: (context, [a = i64.const(0n), b = a], unsigned) =>
    rule({ i: i64, constant: (value) => i64.const(BigInt(value)), unsigned, context }, a, b),
});

/** f32 takes the vector code, so that an element's value does not depend on where it lies. */
const math = (name: UnaryMath): FloatRow => ({
  f32: ({ math: library, body }, [x = f32.const(0)]) =>
    f32x4.extractLane(library.f32x4(name, body, f32x4.splat(x)), 0),
  f64: ({ math: library }, [x = f64.const(0)]) => library.f64(name, x),
});
const binaryMath = (name: BinaryMath): FloatRow => ({
  f32: ({ math: library, body }, [x = f32.const(0), y = x]) =>
    f32x4.extractLane(library.f32x4Binary(name, body, f32x4.splat(x), f32x4.splat(y)), 0),
  f64: ({ math: library }, [x = f64.const(0), y = x]) => library.f64Binary(name, x, y),
});

/** Through f64, for what f32 has no instructions for. */
const doubled = (rule: (context: Context, a: Value<"f64">, b: Value<"f64">) => Value<"f64">): FloatRow => ({
  f32: (context, [a = f32.const(0), b = a]) =>
    f32.demoteF64(rule(context, f64.promoteF32(a), f64.promoteF32(b))),
  f64: (context, [a = f64.const(0), b = a]) => rule(context, a, b),
});

/** The divisor's sign for a remainder that has the dividend's. */
function floored(context: Context, a: Value<"f64">, b: Value<"f64">): Value<"f64"> {
  const divisor = context.body.let(b);
  const rest = context.body.let(call(remainder(context.helpers), a, divisor));
  const zero = f64.const(0);
  const differ = i32.and(f64.ne(rest, zero), i32.xor(f64.lt(rest, zero), f64.lt(divisor, zero)));
  return select(differ, f64.add(rest, divisor), rest);
}

/** A quotient or remainder that is 0 for the divisor 0. */
function guarded<T extends "i32" | "i64">(
  { i, constant }: IntegerCode<T>,
  b: Value<T>,
  divide: (divisor: Value<T>) => Value<T>,
): Value<T> {
  const none = i.eq(b, constant(0));
  return select(none, constant(0), divide(select(none, constant(1), b)));
}

const divided: IntegerRow = integer((code, a, b) => {
  const { i, constant, unsigned } = code;
  if (unsigned) return guarded(code, b, (divisor) => i.divU(a, divisor));
  // The smallest number by −1 would trap; it wraps.
  const minus = i.eq(b, constant(-1));
  const quotient = guarded(code, b, (divisor) => i.divS(a, select(minus, constant(1), divisor)));
  return select(minus, i.sub(constant(0), a), quotient);
});
const remaining: IntegerRow = integer((code, a, b) =>
  guarded(code, b, (divisor) => (code.unsigned ? code.i.remU(a, divisor) : code.i.remS(a, divisor))),
);
const modulo: IntegerRow = integer((code, a, b) => {
  const { i, constant, unsigned, context } = code;
  const rest = context.body.let(
    guarded(code, b, (divisor) => (unsigned ? i.remU(a, divisor) : i.remS(a, divisor))),
  );
  if (unsigned) return rest;
  const differ = i32.xor(i.ltS(rest, constant(0)), i.ltS(b, constant(0)));
  return select(i32.and(i.ne(rest, constant(0)), differ), i.add(rest, b), rest);
});

/** By squaring; a negative exponent gives the truncated reciprocal. */
function integerPower(context: Context, a: Value<"i64">, b: Value<"i64">, unsigned: boolean): Value<"i64"> {
  const [base, exponent] = [context.body.let(a), context.body.let(b)];
  const power = call(powerI64(context.helpers), base, exponent);
  if (unsigned) return power;
  const unit = i32.or(i64.eq(base, i64.const(1n)), i64.eq(base, i64.const(-1n)));
  const odd = i32.wrapI64(i64.and(exponent, i64.const(1n)));
  // Only ±1 have a whole reciprocal; −1 keeps its sign for odd exponents.
  const reciprocal = select(unit, select(odd, base, i64.const(1n)), i64.const(0n));
  return select(i64.ltS(exponent, i64.const(0n)), reciprocal, power);
}

const larger = integer(({ i, unsigned }, a, b) => select(unsigned ? i.gtU(a, b) : i.gtS(a, b), a, b));
const smaller = integer(({ i, unsigned }, a, b) => select(unsigned ? i.ltU(a, b) : i.ltS(a, b), a, b));
const bits = (name: "and" | "or" | "xor"): IntegerRow => integer(({ i }, a, b) => i[name](a, b));
const width = <T extends "i32" | "i64">({ i }: IntegerCode<T>): number =>
  // Types of fewer bits shift in 32 and wrap, so that the numbers from their width on push every bit out too.
  (i as object) === i64 ? 64 : 32;

const table: { readonly [N in Exclude<NameOf<"map">, Special>]: RowOf<N> } = {
  abs: {
    ...float((f, x) => f.abs(x)),
    ...integer(({ i, constant, unsigned }, x) =>
      unsigned ? x : select(i.ltS(x, constant(0)), i.sub(constant(0), x), x),
    ),
  },
  neg: { ...float((f, x) => f.neg(x)), ...integer(({ i, constant }, x) => i.sub(constant(0), x)) },
  sign: {
    ...float((f, x) => select(f.gt(f.abs(x), f.const(0)), f.copysign(f.const(1), x), x)),
    ...integer(({ i, constant, unsigned }, x) => {
      const up = select(i.ne(x, constant(0)), constant(1), constant(0));
      return unsigned ? up : select(i.ltS(x, constant(0)), constant(-1), up);
    }),
  },
  exp: math("exp"),
  expm1: math("expm1"),
  log: math("log"),
  log1p: math("log1p"),
  sqrt: float((f, x) => f.sqrt(x)),
  sin: math("sin"),
  cos: math("cos"),
  tan: math("tan"),
  asin: math("asin"),
  acos: math("acos"),
  atan: math("atan"),
  sinh: math("sinh"),
  cosh: math("cosh"),
  tanh: math("tanh"),
  asinh: math("asinh"),
  acosh: math("acosh"),
  atanh: math("atanh"),
  erf: math("erf"),
  floor: float((f, x) => f.floor(x)),
  ceil: float((f, x) => f.ceil(x)),
  round: float((f, x) => f.nearest(x)),
  isNaN: float((f, x) => f.ne(x, x)),
  isInf: float((f, x) => f.eq(f.abs(x), f.const(Infinity))),
  not: { i32: (_, [x = i32.const(0)]) => i32.eqz(x) },
  bitwiseNot: integer(({ i, constant }, x) => i.xor(x, constant(-1))),
  add: { ...float((f, a, b) => f.add(a, b)), ...integer(({ i }, a, b) => i.add(a, b)) },
  sub: { ...float((f, a, b) => f.sub(a, b)), ...integer(({ i }, a, b) => i.sub(a, b)) },
  mul: { ...float((f, a, b) => f.mul(a, b)), ...integer(({ i }, a, b) => i.mul(a, b)) },
  div: { ...float((f, a, b) => f.div(a, b)), ...divided },
  mod: { ...doubled(floored), ...modulo },
  fmod: { ...doubled(({ helpers }, a, b) => call(remainder(helpers), a, b)), ...remaining },
  pow: {
    ...binaryMath("pow"),
    i32: (context, [a = i32.const(0), b = a], unsigned) => {
      const wide = unsigned ? i64.extendI32U : i64.extendI32S;
      return i32.wrapI64(integerPower(context, wide(a), wide(b), unsigned));
    },
    i64: (context, [a = i64.const(0n), b = a], unsigned) => integerPower(context, a, b, unsigned),
  },
  atan2: binaryMath("atan2"),
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
  and: { i32: bits("and").i32 },
  or: { i32: bits("or").i32 },
  xor: { i32: bits("xor").i32 },
  bitwiseAnd: bits("and"),
  bitwiseOr: bits("or"),
  bitwiseXor: bits("xor"),
  shiftLeft: integer((code, a, b) => {
    const { i, constant } = code;
    return select(i.ltU(b, constant(width(code))), i.shl(a, b), constant(0));
  }),
  shiftRight: integer((code, a, b) => {
    const { i, constant, unsigned } = code;
    const inside = i.ltU(b, constant(width(code)));
    if (unsigned) return select(inside, i.shrU(a, b), constant(0));
    return i.shrS(a, select(inside, b, constant(width(code) - 1)));
  }),
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
      // The carrier decides the rule, and the operands are of that carrier.
      const row: Row = table[operation];
      const rule = row[type] as Rule<ValueType> | undefined;
      if (rule === undefined) throw new TypeError(`${operation} has no rule for ${from}`);
      return fit(context, to, rule(context, own, isUnsigned(from)));
    }
  }
}
