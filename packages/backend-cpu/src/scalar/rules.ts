import type { elementary } from "@adjoint/ir/graph";
import { helpers } from "../elements.ts";

type Fn<T> = (...operands: T[]) => T | boolean;

type UnaryElementary = {
  [N in keyof typeof elementary]: (typeof elementary)[N] extends (x: number) => number ? N : never;
}[keyof typeof elementary];

/** An elementwise operation for one arithmetic: printed, and as a function with the same result. */
export interface Rule<T> {
  readonly code: (...operands: string[]) => string;
  readonly run: Fn<T>;
}

/** One elementwise operation. Results are brought to the dtype unless the operation is exact. */
export interface Row {
  readonly float?: Rule<number>;
  readonly integer?: Rule<number>;
  readonly big?: Rule<bigint>;
  readonly exact?: true;
}

export const rule = <T>(code: (...operands: string[]) => string, run: Fn<T>): Rule<T> => ({ code, run });

/** The same expression for every arithmetic. */
export const all = (code: (...operands: string[]) => string, number: Fn<number>, big: Fn<bigint>): Row => ({
  float: rule(code, number),
  integer: rule(code, number),
  big: rule(code, big),
});

/** A function of `Math`, on floats alone. */
export const math = (name: keyof Math & string, run: (x: number) => number, exact = false): Row => ({
  float: rule(
    (x) => `Math.${name}(${x})`,
    (x = 0) => run(x),
  ),
  ...(exact ? { exact: true } : {}),
});

/** A function of one float that the oracle and printed kernels share. */
export const library = (name: UnaryElementary): Row => ({
  float: rule(
    (x) => `${name}(${x})`,
    (x = 0) => helpers[name](x),
  ),
});

/** A predicate gives 0 or 1. */
export const predicate = (
  code: (...operands: string[]) => string,
  number: Fn<number>,
  big?: Fn<bigint>,
): Row => ({
  float: rule((...operands) => `(${code(...operands)} ? 1 : 0)`, number),
  integer: rule((...operands) => `(${code(...operands)} ? 1 : 0)`, number),
  ...(big === undefined ? {} : { big: rule((...operands) => `(${code(...operands)} ? 1 : 0)`, big) }),
  exact: true,
});

/** Bit by bit, on integers. */
export const bitwise = (sign: string, number: Fn<number>, big: Fn<bigint>): Row => ({
  integer: rule((a, b) => `(${a} ${sign} ${b})`, number),
  big: rule((a, b) => `(${a} ${sign} ${b})`, big),
});

/** On bool, held as 0 and 1. */
export const logical = (sign: string, run: Fn<number>): Row => ({
  integer: rule((a, b) => `(${a} ${sign} ${b})`, run),
  exact: true,
});
