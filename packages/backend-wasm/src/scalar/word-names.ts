import { type DType, type NameOf, isFloat } from "@adjoint/ir";

/** Operations with rules in the family "words". */
export type WordName = Extract<
  NameOf<"map">,
  "div" | "pow" | "mod" | "fmod" | "sign" | "floor" | "ceil" | "round" | `bitwise${string}` | `shift${string}`
>;
/** Their rules on integers are all there; whether those on floats are too. */
const words: { readonly [N in WordName]: boolean } = {
  div: false,
  pow: false,
  mod: true,
  fmod: true,
  sign: true,
  floor: true,
  ceil: true,
  round: true,
  bitwiseNot: false,
  bitwiseAnd: false,
  bitwiseOr: false,
  bitwiseXor: false,
  shiftLeft: false,
  shiftRight: false,
};

/** Whether the operation on this dtype needs the family "words". */
export const needsWords = (operation: NameOf<"map">, from: DType): boolean =>
  Object.hasOwn(words, operation) && (!isFloat(from) || words[operation as WordName]);
