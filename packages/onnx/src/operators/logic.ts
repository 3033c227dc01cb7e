import { oneOf, strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import { binary, unary } from "./math.ts";
import { type Operator, flag, operator } from "./row.ts";

/** Comparison, logic, bits, and the choice by a condition. */
export const logic: readonly Operator[] = [
  binary("Equal", [1, 7, 11, 13, 19], ir.equal),
  binary("Less", [1, 7, 9, 13], ir.less),
  binary("Greater", [1, 7, 9, 13], ir.greater),
  binary("LessOrEqual", [12, 16], ir.lessOrEqual),
  binary("GreaterOrEqual", [12, 16], ir.greaterOrEqual),
  binary("And", [1, 7], ir.and),
  binary("Or", [1, 7], ir.or),
  binary("Xor", [1, 7], ir.xor),
  unary("Not", [1], ir.not),
  binary("BitwiseAnd", [18], ir.bitwiseAnd),
  binary("BitwiseOr", [18], ir.bitwiseOr),
  binary("BitwiseXor", [18], ir.bitwiseXor),
  unary("BitwiseNot", [18], ir.bitwiseNot),
  unary("IsNaN", [9, 13, 20], ir.isNaN),
  operator({
    name: "BitShift",
    since: [11],
    attributes: strictObject({ direction: oneOf(["LEFT", "RIGHT"]) }),
    import: (context) =>
      (context.attributes.direction === "LEFT" ? ir.shiftLeft : ir.shiftRight)(
        context.input(0),
        context.input(1),
      ),
  }),
  operator({
    name: "IsInf",
    since: [10, 20],
    attributes: strictObject({
      detect_negative: withDefault(flag, true),
      detect_positive: withDefault(flag, true),
    }),
    import(context) {
      const x = context.input(0);
      const { detect_negative: negative, detect_positive: positive } = context.attributes;
      if (negative && positive) return ir.isInf(x);
      if (negative) return ir.equal(x, -Infinity);
      return positive ? ir.equal(x, Infinity) : ir.filled(false, "bool", x.shape);
    },
  }),
  operator({
    name: "Where",
    since: [9, 16],
    import: (context) => ir.where(context.input(0), context.input(1), context.input(2)),
  }),
];
