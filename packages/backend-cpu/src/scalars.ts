import type { DType, NameOf, Scalar } from "@adjoint/ir";
import { dtypeInfo, isFloat } from "@adjoint/ir";
import { type Arithmetic, arithmeticOf, fit, fitCode, helpers } from "./elements.ts";

type Fn<T> = (...operands: T[]) => T | boolean;

/** An elementwise operation for one arithmetic: printed, and as a function with the same result. */
interface Rule<T> {
  readonly code: (...operands: string[]) => string;
  readonly run: Fn<T>;
}

/** One elementwise operation. Results are brought to the dtype unless the operation is exact. */
interface Row {
  readonly float?: Rule<number>;
  readonly integer?: Rule<number>;
  readonly big?: Rule<bigint>;
  readonly exact?: true;
}

const rule = <T>(code: (...operands: string[]) => string, run: Fn<T>): Rule<T> => ({ code, run });

/** The same expression for every arithmetic. */
const all = (
  code: (...operands: string[]) => string,
  number: Fn<number>,
  big: Fn<bigint>,
  exact = false,
): Row => ({
  float: rule(code, number),
  integer: rule(code, number),
  big: rule(code, big),
  ...(exact ? { exact: true } : {}),
});

const math = (name: keyof Math & string, run: (x: number) => number, exact = false): Row => ({
  float: rule(
    (x) => `Math.${name}(${x})`,
    (x = 0) => run(x),
  ),
  ...(exact ? { exact: true } : {}),
});

/** A predicate gives 0 or 1. */
const predicate = (code: (...operands: string[]) => string, number: Fn<number>, big?: Fn<bigint>): Row => ({
  float: rule((...operands) => `(${code(...operands)} ? 1 : 0)`, number),
  integer: rule((...operands) => `(${code(...operands)} ? 1 : 0)`, number),
  ...(big === undefined ? {} : { big: rule((...operands) => `(${code(...operands)} ? 1 : 0)`, big) }),
  exact: true,
});

const bitwise = (sign: string, number: Fn<number>, big: Fn<bigint>): Row => ({
  integer: rule((a, b) => `(${a} ${sign} ${b})`, number),
  big: rule((a, b) => `(${a} ${sign} ${b})`, big),
});

const logical = (sign: string, run: Fn<number>): Row => ({
  integer: rule((a, b) => `(${a} ${sign} ${b})`, run),
  exact: true,
});

const SHIFT_OUT = "32";

const table: {
  readonly [N in Exclude<NameOf<"map">, "cast" | "bitcast" | "where" | "stopGradient" | "shiftRight">]: Row;
} = {
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
  erf: {
    float: rule(
      (x) => `erf(${x})`,
      (x = 0) => helpers.erf(x),
    ),
  },
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
      (a, b) => `power(${a}, ${b})`,
      (a = 0, b = 0) => helpers.power(a, b),
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
      (a, b) => `(${b} >= ${SHIFT_OUT} || ${b} < 0 ? 0 : ${a} << ${b})`,
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

function rowOf(operation: NameOf<"map">, from: DType): Row | undefined {
  if (
    operation === "cast" ||
    operation === "bitcast" ||
    operation === "where" ||
    operation === "stopGradient"
  )
    return undefined;
  return operation === "shiftRight" ? shiftRight(from) : table[operation];
}

function ruleOf(
  operation: NameOf<"map">,
  from: DType,
): { readonly rule: Rule<number> | Rule<bigint>; readonly exact: boolean } {
  const row = rowOf(operation, from);
  const arithmetic: Arithmetic = arithmeticOf(from);
  const found = row?.[arithmetic] ?? (arithmetic === "integer" ? row?.float : undefined);
  if (row === undefined || found === undefined) throw new TypeError(`${operation} has no rule for ${from}`);
  return { rule: found, exact: row.exact === true };
}

/** An elementwise operation as JavaScript, from operands' code. */
export function scalarCode(
  operation: NameOf<"map">,
  operands: readonly string[],
  from: DType,
  to: DType,
): string {
  const [a = "0", b = "0", c = "0"] = operands;
  if (operation === "where") return `(${a} ? ${b} : ${c})`;
  if (operation === "stopGradient") return a;
  if (operation === "bitcast") return `bitcast(${a}, "${from}", "${to}")`;
  if (operation === "cast") return castCode(a, from, to);
  const { rule: found, exact } = ruleOf(operation, from);
  const code = found.code(...operands);
  return exact ? code : fitCode(to, code);
}

/** The common conversions in place; the others through the function that defines them. */
function castCode(a: string, from: DType, to: DType): string {
  if (to === "bool") return `(${a} ${dtypeInfo[from].big ? "!== 0n" : "!== 0"} ? 1 : 0)`;
  if (isFloat(to)) return fitCode(to, dtypeInfo[from].big ? `Number(${a})` : a);
  if (!isFloat(from) && !dtypeInfo[from].big && !dtypeInfo[to].big) return fitCode(to, a);
  return `cast(${a}, "${to}", ${isFloat(from)})`;
}

/** An elementwise operation as a function. */
export function scalarFunction(
  operation: NameOf<"map">,
  from: DType,
  to: DType,
): (...operands: Scalar[]) => Scalar {
  if (operation === "where") return (condition = 0, a = 0, b = 0) => (condition ? a : b);
  if (operation === "stopGradient") return (a = 0) => a;
  if (operation === "bitcast") return (a = 0) => helpers.bitcast(a, from, to);
  if (operation === "cast") {
    const fromFloat = isFloat(from);
    return (a = 0) => fit(to, helpers.cast(a, to, fromFloat));
  }
  const { rule: found, exact } = ruleOf(operation, from);
  // The dtype decides between number and bigint, which the operands' type can't say.
  const run = found.run as (...operands: Scalar[]) => Scalar | boolean;
  return (...operands) => {
    const value = run(...operands);
    if (typeof value === "boolean") return value ? 1 : 0;
    return exact ? value : fit(to, value);
  };
}
