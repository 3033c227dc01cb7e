import type { NameOf } from "@adjoint/ir/graph";
import { type DType, dtypeInfo } from "@adjoint/ir/values";
import { arithmeticOf, helpers } from "../elements.ts";
import { type Row, type Rule, all, bitwise, library, logical, math, predicate, rule } from "./rules.ts";

/** Operations that have rules; what copies or reinterprets an element is written and run without one. */
type RuledName = Exclude<NameOf<"map">, "cast" | "bitcast" | "where" | "stopGradient">;

const table: { readonly [N in Exclude<RuledName, "shiftRight">]: Row } = {
  abs: {
    float: rule(
      (x) => `Math.abs(${x})`,
      (x = 0) => Math.abs(x),
    ),
    integer: rule(
      (x) => `Math.abs(${x})`,
      (x = 0) => Math.abs(x),
    ),
    big: rule(
      (x) => `(${x} < 0n ? -${x} : ${x})`,
      (x = 0n) => (x < 0n ? -x : x),
    ),
  },
  neg: all(
    (x) => `(-${x})`,
    (x = 0) => -x,
    (x = 0n) => -x,
  ),
  sign: {
    float: rule(
      (x) => `Math.sign(${x})`,
      (x = 0) => Math.sign(x),
    ),
    integer: rule(
      (x) => `Math.sign(${x})`,
      (x = 0) => Math.sign(x),
    ),
    big: rule(
      (x) => `(${x} > 0n ? 1n : ${x} < 0n ? -1n : 0n)`,
      (x = 0n) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
    ),
    exact: true,
  },
  exp: math("exp", Math.exp),
  expm1: math("expm1", Math.expm1),
  log: math("log", Math.log),
  log1p: math("log1p", Math.log1p),
  sqrt: math("sqrt", Math.sqrt),
  sin: math("sin", Math.sin),
  cos: math("cos", Math.cos),
  tan: math("tan", Math.tan),
  asin: math("asin", Math.asin),
  acos: math("acos", Math.acos),
  atan: math("atan", Math.atan),
  sinh: math("sinh", Math.sinh),
  cosh: math("cosh", Math.cosh),
  tanh: math("tanh", Math.tanh),
  asinh: math("asinh", Math.asinh),
  acosh: math("acosh", Math.acosh),
  atanh: math("atanh", Math.atanh),
  erf: library("erf"),
  floor: math("floor", Math.floor, true),
  ceil: math("ceil", Math.ceil, true),
  round: {
    float: rule(
      (x) => `tiesToEven(${x})`,
      (x = 0) => helpers.tiesToEven(x),
    ),
    exact: true,
  },
  isNaN: predicate(
    (x) => `${x} !== ${x}`,
    (x) => Number.isNaN(x),
  ),
  isInf: predicate(
    (x) => `Math.abs(${x}) === Infinity`,
    (x = 0) => Math.abs(x) === Infinity,
  ),
  not: {
    integer: rule(
      (x) => `(1 - ${x})`,
      (x = 0) => 1 - x,
    ),
    exact: true,
  },
  bitwiseNot: {
    integer: rule(
      (x) => `(~${x})`,
      (x = 0) => ~x,
    ),
    big: rule(
      (x) => `(~${x})`,
      (x = 0n) => ~x,
    ),
  },
  add: all(
    (a, b) => `(${a} + ${b})`,
    (a = 0, b = 0) => a + b,
    (a = 0n, b = 0n) => a + b,
  ),
  sub: all(
    (a, b) => `(${a} - ${b})`,
    (a = 0, b = 0) => a - b,
    (a = 0n, b = 0n) => a - b,
  ),
  mul: {
    float: rule(
      (a, b) => `(${a} * ${b})`,
      (a = 0, b = 0) => a * b,
    ),
    integer: rule(
      (a, b) => `Math.imul(${a}, ${b})`,
      (a = 0, b = 0) => Math.imul(a, b),
    ),
    big: rule(
      (a, b) => `(${a} * ${b})`,
      (a = 0n, b = 0n) => a * b,
    ),
  },
  div: {
    float: rule(
      (a, b) => `(${a} / ${b})`,
      (a = 0, b = 0) => a / b,
    ),
    integer: rule(
      (a, b) => `(${b} === 0 ? 0 : Math.trunc(${a} / ${b}))`,
      (a = 0, b = 0) => (b === 0 ? 0 : Math.trunc(a / b)),
    ),
    big: rule(
      (a, b) => `(${b} === 0n ? 0n : ${a} / ${b})`,
      (a = 0n, b = 0n) => (b === 0n ? 0n : a / b),
    ),
  },
  mod: {
    float: rule(
      (a, b) => `modulo(${a}, ${b})`,
      (a = 0, b = 0) => helpers.modulo(a, b),
    ),
    integer: rule(
      (a, b) => `(${b} === 0 ? 0 : modulo(${a}, ${b}))`,
      (a = 0, b = 0) => (b === 0 ? 0 : helpers.modulo(a, b)),
    ),
    big: rule(
      (a, b) => `bigModulo(${a}, ${b})`,
      (a = 0n, b = 0n) => helpers.bigModulo(a, b),
    ),
  },
  fmod: {
    float: rule(
      (a, b) => `(${a} % ${b})`,
      (a = 0, b = 0) => a % b,
    ),
    integer: rule(
      (a, b) => `(${b} === 0 ? 0 : ${a} % ${b})`,
      (a = 0, b = 0) => (b === 0 ? 0 : a % b),
    ),
    big: rule(
      (a, b) => `(${b} === 0n ? 0n : ${a} % ${b})`,
      (a = 0n, b = 0n) => (b === 0n ? 0n : a % b),
    ),
  },
  pow: {
    float: rule(
      (a, b) => `floatPower(${a}, ${b})`,
      (a = 0, b = 0) => helpers.floatPower(a, b),
    ),
    integer: rule(
      (a, b) => `integerPower(${a}, ${b})`,
      (a = 0, b = 0) => helpers.integerPower(a, b),
    ),
    big: rule(
      (a, b) => `bigPower(${a}, ${b})`,
      (a = 0n, b = 0n) => helpers.bigPower(a, b),
    ),
  },
  atan2: {
    float: rule(
      (a, b) => `Math.atan2(${a}, ${b})`,
      (a = 0, b = 0) => Math.atan2(a, b),
    ),
  },
  max: {
    float: rule(
      (a, b) => `Math.max(${a}, ${b})`,
      (a = 0, b = 0) => Math.max(a, b),
    ),
    integer: rule(
      (a, b) => `Math.max(${a}, ${b})`,
      (a = 0, b = 0) => Math.max(a, b),
    ),
    big: rule(
      (a, b) => `(${a} > ${b} ? ${a} : ${b})`,
      (a = 0n, b = 0n) => (a > b ? a : b),
    ),
    exact: true,
  },
  min: {
    float: rule(
      (a, b) => `Math.min(${a}, ${b})`,
      (a = 0, b = 0) => Math.min(a, b),
    ),
    integer: rule(
      (a, b) => `Math.min(${a}, ${b})`,
      (a = 0, b = 0) => Math.min(a, b),
    ),
    big: rule(
      (a, b) => `(${a} < ${b} ? ${a} : ${b})`,
      (a = 0n, b = 0n) => (a < b ? a : b),
    ),
    exact: true,
  },
  equal: predicate(
    (a, b) => `${a} === ${b}`,
    (a, b) => a === b,
    (a, b) => a === b,
  ),
  less: predicate(
    (a, b) => `${a} < ${b}`,
    (a = 0, b = 0) => a < b,
    (a = 0n, b = 0n) => a < b,
  ),
  lessOrEqual: predicate(
    (a, b) => `${a} <= ${b}`,
    (a = 0, b = 0) => a <= b,
    (a = 0n, b = 0n) => a <= b,
  ),
  and: logical("&", (a = 0, b = 0) => a & b),
  or: logical("|", (a = 0, b = 0) => a | b),
  xor: logical("^", (a = 0, b = 0) => a ^ b),
  bitwiseAnd: bitwise(
    "&",
    (a = 0, b = 0) => a & b,
    (a = 0n, b = 0n) => a & b,
  ),
  bitwiseOr: bitwise(
    "|",
    (a = 0, b = 0) => a | b,
    (a = 0n, b = 0n) => a | b,
  ),
  bitwiseXor: bitwise(
    "^",
    (a = 0, b = 0) => a ^ b,
    (a = 0n, b = 0n) => a ^ b,
  ),
  shiftLeft: {
    integer: rule(
      (a, b) => `(${b} >= 32 || ${b} < 0 ? 0 : ${a} << ${b})`,
      (a = 0, b = 0) => (b >= 32 || b < 0 ? 0 : a << b),
    ),
    big: rule(
      (a, b) => `(${b} >= 64n || ${b} < 0n ? 0n : ${a} << ${b})`,
      (a = 0n, b = 0n) => (b >= 64n || b < 0n ? 0n : a << b),
    ),
  },
};

/** Arithmetic for signed types, logical for unsigned. */
const shiftRight = (from: DType): Row => {
  const unsigned = dtypeInfo[from].class === "uint";
  return {
    integer: unsigned
      ? rule(
          (a, b) => `(${b} >= 32 || ${b} < 0 ? 0 : ${a} >>> ${b})`,
          (a = 0, b = 0) => (b >= 32 || b < 0 ? 0 : a >>> b),
        )
      : rule(
          (a, b) => `(${b} >= 32 || ${b} < 0 ? (${a} < 0 ? -1 : 0) : ${a} >> ${b})`,
          (a = 0, b = 0) => (b >= 32 || b < 0 ? (a < 0 ? -1 : 0) : a >> b),
        ),
    big: rule(
      (a, b) => `(${b} >= 64n || ${b} < 0n ? (${a} < 0n ? -1n : 0n) : ${a} >> ${b})`,
      (a = 0n, b = 0n) => (b >= 64n || b < 0n ? (a < 0n ? -1n : 0n) : a >> b),
    ),
  };
};

/** An operation on a dtype; `exact` if the result needs no rounding or wrapping. */
export function ruleOf(
  operation: RuledName,
  from: DType,
): { readonly rule: Rule<number> | Rule<bigint>; readonly exact: boolean } {
  const row: Row = operation === "shiftRight" ? shiftRight(from) : table[operation];
  const arithmetic = arithmeticOf(from);
  const found = row[arithmetic] ?? (arithmetic === "integer" ? row.float : undefined);
  if (found === undefined) throw new TypeError(`${operation} has no rule for ${from}`);
  return { rule: found, exact: row.exact === true };
}
