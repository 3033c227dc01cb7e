import { type Value, call, f32, f64, i32, i64, select } from "../emit/index.ts";
import type { Scope } from "./helpers.ts";
import { type FloatRow, type IntegerCode, type IntegerRow, integer } from "./rules.ts";
import { powerI64, remainder } from "./element-functions.ts";

/** Through f64, for what f32 has no instructions for. */
const doubled = (rule: (scope: Scope, a: Value<"f64">, b: Value<"f64">) => Value<"f64">): FloatRow => ({
  f32: (scope, [a = f32.const(0), b = a]) => f32.demoteF64(rule(scope, f64.promoteF32(a), f64.promoteF32(b))),
  f64: (scope, [a = f64.const(0), b = a]) => rule(scope, a, b),
});

/** The divisor's sign for a remainder that has the dividend's. */
function floored(scope: Scope, a: Value<"f64">, b: Value<"f64">): Value<"f64"> {
  const divisor = scope.body.let(b);
  const rest = scope.body.let(call(remainder(scope.helpers), a, divisor));
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
  const { i, constant, unsigned, scope } = code;
  const rest = scope.body.let(
    guarded(code, b, (divisor) => (unsigned ? i.remU(a, divisor) : i.remS(a, divisor))),
  );
  if (unsigned) return rest;
  const differ = i32.xor(i.ltS(rest, constant(0)), i.ltS(b, constant(0)));
  return select(i32.and(i.ne(rest, constant(0)), differ), i.add(rest, b), rest);
});

/** By squaring; a negative exponent gives the truncated reciprocal. */
function integerPower(scope: Scope, a: Value<"i64">, b: Value<"i64">, unsigned: boolean): Value<"i64"> {
  const [base, exponent] = [scope.body.let(a), scope.body.let(b)];
  const power = call(powerI64(scope.helpers), base, exponent);
  if (unsigned) return power;
  const unit = i32.or(i64.eq(base, i64.const(1n)), i64.eq(base, i64.const(-1n)));
  const odd = i32.wrapI64(i64.and(exponent, i64.const(1n)));
  // Only ±1 have a whole reciprocal; −1 keeps its sign for odd exponents.
  const reciprocal = select(unit, select(odd, base, i64.const(1n)), i64.const(0n));
  return select(i64.ltS(exponent, i64.const(0n)), reciprocal, power);
}

/** Quotients, remainders and whole powers, remainders of floats too; integers divided by 0 give 0. */
export const divisionRules: {
  readonly div: IntegerRow;
  readonly pow: IntegerRow;
  readonly mod: FloatRow & IntegerRow;
  readonly fmod: FloatRow & IntegerRow;
} = {
  div: divided,
  mod: { ...doubled(floored), ...modulo },
  fmod: { ...doubled(({ helpers }, a, b) => call(remainder(helpers), a, b)), ...remaining },
  pow: {
    i32: (scope, [a = i32.const(0), b = a], unsigned) => {
      const wide = unsigned ? i64.extendI32U : i64.extendI32S;
      return i32.wrapI64(integerPower(scope, wide(a), wide(b), unsigned));
    },
    i64: (scope, [a = i64.const(0n), b = a], unsigned) => integerPower(scope, a, b, unsigned),
  },
};
