import type { Operand, Tensor } from "@adjoint/ir";
import { type NameOf, apply, primitives } from "@adjoint/ir/graph";
import { type DType, dtypeInfo, isFloat, isInteger } from "@adjoint/ir/values";
import { type Draw, shapeOf } from "./graph-draw.ts";
import { forFloatFunctions } from "./primitives/float-functions.ts";

/** Draws operands and makes tensors; undefined where the pool has nothing that fits. */
export type Maker = (draw: Draw) => Tensor | readonly Tensor[] | undefined;

export type Accepts = (dtype: DType) => boolean;
export const numeric: Accepts = (dtype) => dtype !== "bool";
const signed: Accepts = (dtype) => isFloat(dtype) || dtypeInfo[dtype].class === "int";
const bool: Accepts = (dtype) => dtype === "bool";
export const any: Accepts = () => true;

const unary =
  (name: Exclude<NameOf<"map">, "cast" | "bitcast">, accepts: Accepts): Maker =>
  (draw) => {
    const x = draw.tensor(({ dtype }) => accepts(dtype));
    return x && apply(primitives[name], [x], {}).output;
  };

type Binary = { [K in keyof Tensor]: Tensor[K] extends (other: Operand) => Tensor ? K : never }[keyof Tensor];

const binary =
  (name: Binary, accepts: Accepts): Maker =>
  (draw) => {
    const x = draw.tensor(({ dtype }) => accepts(dtype));
    if (x === undefined) return undefined;
    const y = draw.chance(8) ? x : draw.partner(x);
    return draw.chance(2) ? x[name](y) : y[name](x);
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
  cast: (draw) => draw.tensor()?.cast(draw.dtype()),
  // Bits of a NaN are not promised, so bits of floats are not looked at.
  bitcast: (draw) =>
    draw
      .tensor(({ dtype }) => dtype === "i32")
      ?.bitcast(draw.dtype((dtype) => dtype === "f32" || dtype === "i32")),
  stopGradient: (draw) => draw.tensor()?.stopGradient(),
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
    const x = draw.tensor();
    if (x === undefined) return undefined;
    return draw.ofType("bool", shapeOf(x)).where(x, draw.chance(4) ? x : draw.ofType(x.dtype, shapeOf(x)));
  },
};
