import type { Operand, Tensor } from "../tensor.ts";
import { type Rows, operand } from "../primitive.ts";
import type { Primitive } from "../tensor.ts";
import * as elementary from "../elementary.ts";
import type { FloatFunction } from "../primitive-set.ts";
import { binary, defineMap, pair, unary } from "./elementwise.ts";
import { widelyPulled } from "./widely.ts";

/** A function of one float with its derivative as graph, from the operand and the result. */
const float = <N extends FloatFunction>(
  name: N,
  number: (x: number) => number,
  derivative: (x: Tensor, y: Tensor) => Tensor,
): Primitive<N> =>
  defineMap({
    name,
    arity: 1,
    domain: "float",
    scalar: { number },
    gradient: widelyPulled((inputs, y, g) => [g.mul(derivative(operand(inputs, 0), y))]),
  });

const oneMinusSquare = (x: Tensor): Tensor => x.mul(x).neg().add(1);

/** Each with its reference semantics and its derivative: total over `FloatFunctions`. */
export const floatFunctions: Rows<FloatFunction> = {
  exp: float("exp", Math.exp, (_, y) => y),
  expm1: float("expm1", Math.expm1, (_, y) => y.add(1)),
  log: float("log", Math.log, (x) => x.pow(-1)),
  log1p: float("log1p", Math.log1p, (x) => x.add(1).pow(-1)),
  sqrt: float("sqrt", Math.sqrt, (_, y) => y.pow(-1).mul(0.5)),
  sin: float("sin", Math.sin, (x) => x.cos()),
  cos: float("cos", Math.cos, (x) => x.sin().neg()),
  tan: float("tan", Math.tan, (_, y) => y.mul(y).add(1)),
  asin: float("asin", Math.asin, (x) => oneMinusSquare(x).sqrt().pow(-1)),
  acos: float("acos", Math.acos, (x) => oneMinusSquare(x).sqrt().pow(-1).neg()),
  atan: float("atan", Math.atan, (x) => x.mul(x).add(1).pow(-1)),
  sinh: float("sinh", Math.sinh, (x) => x.cosh()),
  cosh: float("cosh", Math.cosh, (x) => x.sinh()),
  tanh: float("tanh", Math.tanh, (_, y) => oneMinusSquare(y)),
  asinh: float("asinh", Math.asinh, (x) => x.mul(x).add(1).sqrt().pow(-1)),
  acosh: float("acosh", Math.acosh, (x) => x.mul(x).sub(1).sqrt().pow(-1)),
  atanh: float("atanh", Math.atanh, (x) => oneMinusSquare(x).pow(-1)),
  erf: float("erf", elementary.erf, (x) =>
    x
      .mul(x)
      .neg()
      .exp()
      .mul(2 / Math.sqrt(Math.PI)),
  ),
};

export const transcendental: Rows<FloatFunction | "atan2"> = {
  ...floatFunctions,
  atan2: defineMap({
    name: "atan2",
    arity: 2,
    domain: "float",
    scalar: { number: Math.atan2 },
    gradient: widelyPulled((inputs, _, g) => {
      const [y, x] = pair(inputs);
      const scaled = g.div(x.mul(x).add(y.mul(y)));
      return [scaled.mul(x), scaled.mul(y).neg()];
    }),
  }),
};

export const exp = (x: Tensor): Tensor => unary(floatFunctions.exp, x);
/** eˣ − 1 without cancellation near 0. */
export const expm1 = (x: Tensor): Tensor => unary(floatFunctions.expm1, x);
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => unary(floatFunctions.log, x);
/** log(1 + x) without cancellation near 0. */
export const log1p = (x: Tensor): Tensor => unary(floatFunctions.log1p, x);
export const sqrt = (x: Tensor): Tensor => unary(floatFunctions.sqrt, x);
export const sin = (x: Tensor): Tensor => unary(floatFunctions.sin, x);
export const cos = (x: Tensor): Tensor => unary(floatFunctions.cos, x);
export const tan = (x: Tensor): Tensor => unary(floatFunctions.tan, x);
export const asin = (x: Tensor): Tensor => unary(floatFunctions.asin, x);
export const acos = (x: Tensor): Tensor => unary(floatFunctions.acos, x);
export const atan = (x: Tensor): Tensor => unary(floatFunctions.atan, x);
export const sinh = (x: Tensor): Tensor => unary(floatFunctions.sinh, x);
export const cosh = (x: Tensor): Tensor => unary(floatFunctions.cosh, x);
export const tanh = (x: Tensor): Tensor => unary(floatFunctions.tanh, x);
export const asinh = (x: Tensor): Tensor => unary(floatFunctions.asinh, x);
export const acosh = (x: Tensor): Tensor => unary(floatFunctions.acosh, x);
export const atanh = (x: Tensor): Tensor => unary(floatFunctions.atanh, x);
/** The error function, 2/√π·∫₀ˣ e^(−t²) dt. */
export const erf = (x: Tensor): Tensor => unary(floatFunctions.erf, x);
/** The angle of the point (x, y), in radians from −π to π. */
export const atan2 = (y: Operand, x: Operand): Tensor => binary(transcendental.atan2, y, x);
