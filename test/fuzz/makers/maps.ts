import type { Operand, Tensor } from "@adjoint/ir";
import { type NameOf, apply, primitives } from "@adjoint/ir/graph";
import { type DType, dtypeInfo, isFloat, isInteger } from "@adjoint/ir/values";
import { forFloatFunctions } from "../../float-functions.ts";
import { type Draw, shapeOf } from "../draw.ts";

/** Draws operands and makes tensors; undefined if nothing fits, or the program would become too large. */
export type Maker = (draw: Draw) => Tensor | readonly Tensor[] | undefined;

export type Accepts = (dtype: DType) => boolean;
export const numeric: Accepts = (dtype) => dtype !== "bool";
const signed: Accepts = (dtype) => isFloat(dtype) || dtypeInfo[dtype].class === "int";
const bool: Accepts = (dtype) => dtype === "bool";
const any: Accepts = () => true;

/** An operand of some type: mostly one that is there. */
export const operandOf = (draw: Draw, accepts: Accepts = any, rank = 0): Tensor => {
  const found = draw.chance(3)
    ? undefined
    : draw.tensor((tensor) => accepts(tensor.dtype) && tensor.rank >= rank);
  return found ?? draw.of(draw.dtype(accepts), draw.shape(Math.max(rank, 1 + draw.int(3))));
};

const unary =
  (name: Exclude<NameOf<"map">, "cast" | "bitcast">, accepts: Accepts): Maker =>
  (draw) =>
    apply(primitives[name], [operandOf(draw, accepts)], {}).output;

type Binary = { [K in keyof Tensor]: Tensor[K] extends (other: Operand) => Tensor ? K : never }[keyof Tensor];

const binary =
  (name: Binary, accepts: Accepts): Maker =>
  (draw) => {
    const x = operandOf(draw, accepts);
    const y = draw.chance(10) ? x : draw.partner(x);
    return draw.chance(2) ? y[name](x) : x[name](y);
  };

/** One maker for each elementwise primitive. */
export const mapMakers: { readonly [N in NameOf<"map">]: Maker } = {
  ...forFloatFunctions((name) => unary(name, isFloat)),
  abs: unary("abs", numeric),
  neg: unary("neg", signed),
  sign: unary("sign", numeric),
  floor: unary("floor", isFloat),
  ceil: unary("ceil", isFloat),
  round: unary("round", isFloat),
  isNaN: unary("isNaN", isFloat),
  isInf: unary("isInf", isFloat),
  not: unary("not", bool),
  bitwiseNot: unary("bitwiseNot", isInteger),
  cast: (draw) => operandOf(draw).cast(draw.dtype()),
  bitcast: (draw) => {
    const x = operandOf(draw);
    const fit = (dtype: DType): boolean =>
      dtypeInfo[dtype].bytes === dtypeInfo[x.dtype].bytes && (dtype === "bool") === (x.dtype === "bool");
    return x.bitcast(draw.dtype(fit));
  },
  stopGradient: unary("stopGradient", any),
  add: binary("add", numeric),
  sub: binary("sub", numeric),
  mul: binary("mul", numeric),
  div: binary("div", numeric),
  mod: binary("mod", numeric),
  fmod: binary("fmod", numeric),
  pow: binary("pow", numeric),
  atan2: binary("atan2", isFloat),
  max: binary("max", numeric),
  min: binary("min", numeric),
  equal: binary("equal", any),
  less: binary("less", numeric),
  lessOrEqual: binary("lessOrEqual", numeric),
  and: binary("and", bool),
  or: binary("or", bool),
  xor: binary("xor", bool),
  bitwiseAnd: binary("bitwiseAnd", isInteger),
  bitwiseOr: binary("bitwiseOr", isInteger),
  bitwiseXor: binary("bitwiseXor", isInteger),
  shiftLeft: binary("shiftLeft", isInteger),
  shiftRight: binary("shiftRight", isInteger),
  where: (draw) => {
    const x = operandOf(draw);
    const other = draw.chance(4) ? x : draw.partner(x);
    return draw.of("bool", shapeOf(x)).where(x, other);
  },
};
