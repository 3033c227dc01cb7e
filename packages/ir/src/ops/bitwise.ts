import type { Operand, Tensor } from "../tensor.ts";
import { type Rows, definePrimitive } from "../primitive.ts";
import { binary, defineMap, unary } from "./elementwise.ts";
import { dtypeInfo } from "../dtype.ts";
import { evaluateMap } from "./elementwise.ts";

type Bitwise = "bitwiseNot" | "bitwiseAnd" | "bitwiseOr" | "bitwiseXor" | "shiftLeft" | "shiftRight";

/** Shifts by the width or more push every bit out. */
const left = defineMap({
  name: "shiftLeft",
  arity: 2,
  domain: "integer",
  scalar: {
    number: (a, b) => (b >= 32 || b < 0 ? 0 : a << b),
    big: (a, b) => (b >= 64n || b < 0n ? 0n : BigInt.asIntN(64, a << b)),
  },
});

const right = defineMap({
  name: "shiftRight",
  arity: 2,
  domain: "integer",
  scalar: {
    number: (a, b) => (b >= 32 || b < 0 ? (a < 0 ? -1 : 0) : a >> b),
    big: (a, b) => (b >= 64n || b < 0n ? (a < 0n ? -1n : 0n) : a >> b),
  },
});

/** Unsigned 32-bit words don't fit JavaScript's signed `>>`. */
const unsignedShift = (a: number, b: number): number => (b >= 32 || b < 0 ? 0 : a >>> b);

export const bitwise: Rows<Bitwise> = {
  bitwiseNot: defineMap({
    name: "bitwiseNot",
    arity: 1,
    domain: "integer",
    scalar: { number: (a) => ~a, big: (a) => ~a },
  }),
  bitwiseAnd: defineMap({
    name: "bitwiseAnd",
    arity: 2,
    domain: "integer",
    scalar: { number: (a, b) => a & b, big: (a, b) => a & b },
  }),
  bitwiseOr: defineMap({
    name: "bitwiseOr",
    arity: 2,
    domain: "integer",
    scalar: { number: (a, b) => a | b, big: (a, b) => a | b },
  }),
  bitwiseXor: defineMap({
    name: "bitwiseXor",
    arity: 2,
    domain: "integer",
    scalar: { number: (a, b) => a ^ b, big: (a, b) => a ^ b },
  }),
  shiftLeft: left,
  shiftRight: definePrimitive<"shiftRight">({
    ...right,
    evaluate: (inputs, node) => {
      const unsigned = dtypeInfo[node.output.dtype].class === "uint" && !dtypeInfo[node.output.dtype].big;
      return unsigned
        ? [evaluateMap(inputs, node.output.dtype, { number: unsignedShift })]
        : right.evaluate(inputs, node);
    },
  }),
};

export const bitwiseNot = (a: Tensor): Tensor => unary(bitwise.bitwiseNot, a);
export const bitwiseAnd = (a: Operand, b: Operand): Tensor => binary(bitwise.bitwiseAnd, a, b);
export const bitwiseOr = (a: Operand, b: Operand): Tensor => binary(bitwise.bitwiseOr, a, b);
export const bitwiseXor = (a: Operand, b: Operand): Tensor => binary(bitwise.bitwiseXor, a, b);
/** a·2ᵇ, wrapping; a shift by the type's width or more gives 0. */
export const shiftLeft = (a: Operand, b: Operand): Tensor => binary(bitwise.shiftLeft, a, b);
/** Arithmetic for signed types, logical for unsigned. */
export const shiftRight = (a: Operand, b: Operand): Tensor => binary(bitwise.shiftRight, a, b);
