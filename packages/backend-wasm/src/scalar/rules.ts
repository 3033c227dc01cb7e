import { type Float, type Integer, type Value, type ValueType, f32, f64, i32, i64 } from "../emit/index.ts";
import type { Element } from "./carriers.ts";
import type { Scope } from "./helpers.ts";

type Vector = Value<"v128">;

/** Operands are locals, so each may be used several times. */
export type Rule<T extends ValueType> = (
  scope: Scope,
  operands: readonly Value<T>[],
  unsigned: boolean,
) => Element;
export interface FloatRow {
  readonly f32: Rule<"f32">;
  readonly f64: Rule<"f64">;
}
export interface IntegerRow {
  readonly i32: Rule<"i32">;
  readonly i64: Rule<"i64">;
}
/** A rule for each carrier that has one. */
export type Row = Partial<FloatRow & IntegerRow>;

/** A rule on four lanes. */
export type VectorRule = (scope: Scope, a: Vector, b: Vector, unsigned: boolean) => Vector;
/** No row for a type means that lanes are taken one by one. */
export interface VectorRow {
  readonly float?: VectorRule;
  readonly integer?: VectorRule;
  readonly bool?: VectorRule;
}

/** One rule for both float types. */
export const float = (
  rule: <T extends "f32" | "f64">(f: Float<T>, a: Value<T>, b: Value<T>) => Value<ValueType>,
): FloatRow => ({
  f32: (_, [a = f32.const(0), b = a]) => rule(f32, a, b),
  f64: (_, [a = f64.const(0), b = a]) => rule(f64, a, b),
});

export interface IntegerCode<T extends "i32" | "i64"> {
  readonly i: Integer<T>;
  readonly constant: (value: number) => Value<T>;
  readonly unsigned: boolean;
  readonly scope: Scope;
}

/** One rule for both integer carriers. */
export const integer = (
  rule: <T extends "i32" | "i64">(code: IntegerCode<T>, a: Value<T>, b: Value<T>) => Element,
): IntegerRow => ({
  i32: (scope, [a = i32.const(0), b = a], unsigned) =>
    rule({ i: i32, constant: i32.const, unsigned, scope }, a, b),
  i64: (scope, [a = i64.const(0n), b = a], unsigned) =>
    rule({ i: i64, constant: (value) => i64.const(BigInt(value)), unsigned, scope }, a, b),
});
