import type { NameOf } from "@adjoint/ir/graph";
import { i64, select } from "../emit/index.ts";
import { type IntegerCode, type IntegerRow, integer } from "./rules.ts";

const bits = (name: "and" | "or" | "xor"): IntegerRow => integer(({ i }, a, b) => i[name](a, b));
const width = <T extends "i32" | "i64">({ i }: IntegerCode<T>): number =>
  // Types of fewer bits shift in 32 and wrap, so that the numbers from their width on push every bit out too.
  (i as object) === i64 ? 64 : 32;

/** Bits of integers. */
export const bitRules: {
  readonly [N in Extract<NameOf<"map">, `bitwise${string}` | `shift${string}`>]: IntegerRow;
} = {
  bitwiseNot: integer(({ i, constant }, x) => i.xor(x, constant(-1))),
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
