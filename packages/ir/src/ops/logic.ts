import type { Operand, Tensor } from "../tensor.ts";
import { AdjointError } from "../error.ts";
import { type Cotangent, apply } from "../tensor.ts";
import { type Rows, definePrimitive, isTensor, noAttributes, operands } from "../primitive.ts";
import { elementReader, elementWriter, zeroValue } from "../value.ts";
import { aligned, binary, checkDomain, defineMap, lift, sameType, stretched, unary } from "./elementwise.ts";

type Predicate = "isNaN" | "isInf" | "equal" | "less" | "lessOrEqual" | "not" | "and" | "or" | "xor";

export const logic: Rows<Predicate | "where"> = {
  isNaN: defineMap({
    name: "isNaN",
    arity: 1,
    domain: "float",
    result: "bool",
    scalar: { number: Number.isNaN },
  }),
  isInf: defineMap({
    name: "isInf",
    arity: 1,
    domain: "float",
    result: "bool",
    scalar: { number: (x) => x === Infinity || x === -Infinity },
  }),
  equal: defineMap({
    name: "equal",
    arity: 2,
    domain: "any",
    result: "bool",
    scalar: { number: (a, b) => a === b, big: (a, b) => a === b },
  }),
  less: defineMap({
    name: "less",
    arity: 2,
    domain: "numeric",
    result: "bool",
    scalar: { number: (a, b) => a < b, big: (a, b) => a < b },
  }),
  lessOrEqual: defineMap({
    name: "lessOrEqual",
    arity: 2,
    domain: "numeric",
    result: "bool",
    scalar: { number: (a, b) => a <= b, big: (a, b) => a <= b },
  }),
  not: defineMap({ name: "not", arity: 1, domain: "bool", scalar: { number: (a) => a === 0 } }),
  and: defineMap({ name: "and", arity: 2, domain: "bool", scalar: { number: (a, b) => a & b } }),
  or: defineMap({ name: "or", arity: 2, domain: "bool", scalar: { number: (a, b) => a | b } }),
  xor: defineMap({ name: "xor", arity: 2, domain: "bool", scalar: { number: (a, b) => a ^ b } }),
  where: definePrimitive({
    name: "where",
    kind: "map",
    attributes: noAttributes,
    infer: (inputs) => {
      const [condition, a, b] = operands("where", inputs, 3);
      if (condition === undefined || a === undefined || b === undefined) return [];
      checkDomain("where", "bool", condition);
      sameType("where", a, b);
      if (condition.shape.join() !== a.shape.join()) {
        throw new AdjointError("shape", "where", `shapes differ: condition is ${condition} and a is ${a}`);
      }
      return [a.type];
    },
    gradient: ({ inputs: [condition] }, [g]): readonly Cotangent[] =>
      condition && g
        ? [undefined, condition.where(g, 0), condition.where(0, g)]
        : [undefined, undefined, undefined],
    evaluate: ([condition, a, b], node) => {
      if (condition === undefined || a === undefined || b === undefined) return [];
      const value = zeroValue(node.output.dtype, a.shape);
      const [write, first, second] = [elementWriter(value), elementReader(a), elementReader(b)];
      for (let i = 0; i < value.data.length; i++) write(i, condition.data[i] ? first(i) : second(i));
      return [value];
    },
  }),
};

export const isNaN = (x: Tensor): Tensor => unary(logic.isNaN, x);
/** True for +∞ and −∞. */
export const isInf = (x: Tensor): Tensor => unary(logic.isInf, x);
export const equal = (a: Operand, b: Operand): Tensor => binary(logic.equal, a, b);
/** True if they differ; NaN differs from everything. */
export const notEqual = (a: Operand, b: Operand): Tensor => not(equal(a, b));
export const less = (a: Operand, b: Operand): Tensor => binary(logic.less, a, b);
export const lessOrEqual = (a: Operand, b: Operand): Tensor => binary(logic.lessOrEqual, a, b);
export const greater = (a: Operand, b: Operand): Tensor => less(b, a);
export const greaterOrEqual = (a: Operand, b: Operand): Tensor => lessOrEqual(b, a);
export const not = (a: Tensor): Tensor => unary(logic.not, a);
export const and = (a: Operand, b: Operand): Tensor => binary(logic.and, a, b);
export const or = (a: Operand, b: Operand): Tensor => binary(logic.or, a, b);
export const xor = (a: Operand, b: Operand): Tensor => binary(logic.xor, a, b);

/**
 * Elements of `a` if the condition is true, else of `b`; all three broadcast. An element that is not taken gets the gradient
 * 0. The operations that computed it pass the 0 on: if the slope of one is infinite (log, √ or 1/x at 0), 0·∞ is NaN.
 * Guard the operand as well: `where(x > 0, log(where(x > 0, x, 1)), 0)`.
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const like = isTensor(a) ? a : isTensor(b) ? b : condition;
  const values =
    like === condition
      ? aligned("where", [lift("where", a, like), b])
      : [lift("where", a, like), lift("where", b, like)];
  return apply(logic.where, stretched("where", [condition, ...values]), {}).output;
}
