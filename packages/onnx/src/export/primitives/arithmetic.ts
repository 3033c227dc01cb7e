import { type Tensor, div as divide } from "@adjoint/ir";
import { type FloatFunction, type Node, uniformConstant } from "@adjoint/ir/graph";
import { dtypeInfo, isFloat } from "@adjoint/ir/values";
import type { Value } from "../draft.ts";
import { given, operands, pairOf } from "../operands.ts";
import { type ExportRow, type ExportRows, composed, direct } from "../row.ts";
import type { Writer } from "../writer.ts";

type Elementary = FloatFunction | "abs" | "neg" | "sign" | "floor" | "ceil" | "round";
type Binary = "add" | "sub" | "mul" | "div" | "mod" | "fmod" | "pow" | "atan2" | "max" | "min";

const isWhole = ({ output }: Node): boolean => !isFloat(output.dtype);

/** Whether a divisor is known to be neither 0 nor −1, the two that trap in a processor. */
function isHarmless(divisor: Tensor | undefined): boolean {
  const known = divisor && uniformConstant(divisor);
  return known !== undefined && Number(known) !== 0 && Number(known) !== -1;
}

/**
 * A division of whole numbers, where our result by 0 is 0 and processors trap.
 * @param opposite what stands for the result by −1, which overflows for the lowest number.
 */
function guarded(
  node: Node,
  writer: Writer,
  write: (a: Value, b: Value) => Value,
  opposite: (a: Value) => Value,
): Value {
  const [a, b] = pairOf(operands(node, writer));
  if (isHarmless(node.inputs[1])) return write(a, b);
  const number = (value: number): Value =>
    writer.scalar(dtypeInfo[b.dtype].big ? BigInt(value) : value, b.dtype);
  const is = (value: number): Value => writer.one("Equal", [b, number(value)], { result: "bool" });
  const isSigned = dtypeInfo[b.dtype].class === "int";
  const isZero = is(0);
  const isSpecial = isSigned ? writer.one("Or", [isZero, is(-1)]) : isZero;
  const quotient = write(a, writer.one("Where", [isSpecial, number(1), b]));
  const special = isSigned ? writer.one("Where", [isZero, number(0), opposite(a)]) : number(0);
  return writer.one("Where", [isSpecial, special, quotient]);
}

const remainder =
  (writer: Writer, fmod: 0 | 1) =>
  (a: Value, b: Value): Value =>
    writer.one("Mod", [a, b], { attributes: { fmod } });

/** a − ⌊a/b⌋·b towards zero; the runtime's Mod with fmod goes through floats. */
const leftOver =
  (writer: Writer) =>
  (a: Value, b: Value): Value =>
    writer.one("Sub", [a, writer.one("Mul", [writer.one("Div", [a, b]), b])]);

const zeroLike =
  (writer: Writer) =>
  (a: Value): Value =>
    writer.one("Sub", [a, a]);

const div: ExportRow<"div"> = (node, writer) => {
  const quotient = (a: Value, b: Value): Value => writer.one("Div", [a, b]);
  if (!isWhole(node)) return quotient(...pairOf(operands(node, writer)));
  return guarded(node, writer, quotient, (a) => writer.one("Sub", [writer.one("Sub", [a, a]), a]));
};

/** Without fmod, Mod takes whole numbers only: of floats the remainder gets the divisor's sign by a choice. */
const mod: ExportRow<"mod"> = (node, writer) => {
  if (isWhole(node)) return guarded(node, writer, remainder(writer, 0), zeroLike(writer));
  const [a, b] = pairOf(operands(node, writer));
  const rest = remainder(writer, 1)(a, b);
  const zero = writer.scalar(0, b.dtype);
  const isNegative = (value: Value): Value => writer.one("Less", [value, zero], { result: "bool" });
  const isZero = writer.one("Equal", [rest, zero], { result: "bool" });
  const differs = writer.one("Xor", [isNegative(rest), isNegative(b)]);
  const isWrong = writer.one("And", [differs, writer.one("Not", [isZero])]);
  return writer.one("Where", [isWrong, writer.one("Add", [rest, b]), rest]);
};

const fmod: ExportRow<"fmod"> = (node, writer) => {
  if (!isWhole(node)) return remainder(writer, 1)(...pairOf(operands(node, writer)));
  const isSigned = dtypeInfo[node.output.dtype].class === "int";
  return guarded(node, writer, isSigned ? leftOver(writer) : remainder(writer, 0), zeroLike(writer));
};

/** The runtime's own of 64-bit integers compare their halves. */
const extreme =
  (operator: "Max" | "Min"): ExportRow<"max" | "min"> =>
  (node, writer) => {
    const [a, b] = pairOf(operands(node, writer));
    if (node.output.dtype !== "i64") return writer.one(operator, [a, b]);
    const isLess = writer.one("Less", [a, b], { result: "bool" });
    return writer.one("Where", operator === "Max" ? [isLess, b, a] : [isLess, a, b]);
  };

/** Of 64-bit integers as a difference of comparisons, for the same reason. */
const sign: ExportRow<"sign"> = (node, writer) => {
  if (node.output.dtype !== "i64") return direct<"sign">("Sign")(node, writer);
  return writer.through(() => {
    const x = given(node.inputs[0]);
    return x.greater(0n).cast("i64").sub(x.less(0n).cast("i64"));
  });
};

/**
 * log(1 + x) without loss for small x: with u = 1 + x rounded it is log(u)·x/(u − 1), as the errors of both factors cancel.
 * Source: Goldberg, "What every computer scientist should know about floating-point arithmetic" (1991), theorem 4.
 */
function log1p(x: Tensor): Tensor {
  const u = x.add(1);
  const d = u.sub(1);
  const isExact = d.equal(x).or(u.isInf());
  return isExact.where(d.equal(0).where(x, u.log()), d.equal(0).where(x, u.log().mul(x.div(d))));
}

/** e^x − 1 without loss for small x: with u = e^x rounded it is (u − 1)·x/log(u). Source: Kahan, as in Higham (2002), 1.14.1. */
function expm1(x: Tensor): Tensor {
  const u = x.exp();
  const d = u.sub(1);
  const isFar = u.isInf().or(u.less(1e-3)).or(u.isNaN());
  return isFar.where(d, d.equal(0).where(x, d.mul(x.div(u.log()))));
}

/** The angle of (x, y) by the arctangent of a quotient, turned where x is negative. */
function atan2(y: Tensor, x: Tensor): Tensor {
  const bothInfinite = y.isInf().and(x.isInf());
  const [top, bottom] = [bothInfinite.where(y.sign(), y), bothInfinite.where(x.sign(), x)];
  const isOrigin = top.equal(0).and(bottom.equal(0));
  const inverse = (value: Tensor): Tensor => divide(1, value);
  // 1/−0 is −∞: the sign of zero counts.
  const isNegative = (value: Tensor): Tensor => value.less(0).or(value.equal(0).and(inverse(value).less(0)));
  const angle = isOrigin.where(top, top.div(isOrigin.where(1, bottom)).atan());
  const turn = isNegative(top).where(angle.sub(angle).sub(Math.PI), Math.PI);
  return isNegative(bottom).where(angle.add(turn), angle);
}

/** Functions of elements. */
export const arithmeticRows: ExportRows<Elementary | Binary> = {
  abs: direct("Abs"),
  neg: direct("Neg"),
  sign,
  exp: direct("Exp"),
  expm1: composed((_, x) => expm1(given(x))),
  log: direct("Log"),
  log1p: composed((_, x) => log1p(given(x))),
  sqrt: direct("Sqrt"),
  sin: direct("Sin"),
  cos: direct("Cos"),
  tan: direct("Tan"),
  asin: direct("Asin"),
  acos: direct("Acos"),
  atan: direct("Atan"),
  sinh: direct("Sinh"),
  cosh: direct("Cosh"),
  tanh: direct("Tanh"),
  asinh: direct("Asinh"),
  acosh: direct("Acosh"),
  atanh: direct("Atanh"),
  erf: direct("Erf"),
  floor: direct("Floor"),
  ceil: direct("Ceil"),
  round: direct("Round"),
  add: direct("Add"),
  sub: direct("Sub"),
  mul: direct("Mul"),
  div,
  mod,
  fmod,
  pow: direct("Pow"),
  atan2: composed((_, y, x) => atan2(given(y), given(x))),
  max: extreme("Max"),
  min: extreme("Min"),
};
