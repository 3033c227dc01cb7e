import type { NameOf } from "../primitive-set.ts";

/** Operations of two operands whose order does not matter, to the bit (the payload of a NaN aside). */
export const COMMUTATIVE: readonly NameOf<"map">[] = [
  "add",
  "mul",
  "max",
  "min",
  "equal",
  "and",
  "or",
  "xor",
  "bitwiseAnd",
  "bitwiseOr",
  "bitwiseXor",
];
