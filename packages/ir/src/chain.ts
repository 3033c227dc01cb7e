import { Tensor, type TensorMethods } from "./tensor.ts";
import * as arithmetic from "./ops/arithmetic.ts";
import * as bitwise from "./ops/bitwise.ts";
import { broadcast } from "./ops/broadcast.ts";
import { dotGeneral, matMul } from "./ops/contract.ts";
import { conv, convTranspose, convWeight } from "./ops/conv.ts";
import { bitcast, cast, stopGradient } from "./ops/convert.ts";
import { cumProd, cumSum } from "./ops/cumulative.ts";
import { gather, scatter, take } from "./ops/indexing.ts";
import * as logic from "./ops/logic.ts";
import * as reduce from "./ops/reduce.ts";
import * as transcendental from "./ops/transcendental.ts";
import { flip, pad, reshape, slice, squeeze, transpose, unsqueeze } from "./ops/view.ts";
import { window, windowSum } from "./ops/window.ts";

type Functions = {
  readonly [name in keyof TensorMethods]: (x: Tensor, ...rest: Parameters<TensorMethods[name]>) => Tensor;
};

const { abs, neg, sign, floor, ceil, round, add, sub, mul, div, mod, fmod, pow, max, min } = arithmetic;
const { exp, expm1, log, log1p, sqrt, sin, cos, tan, asin, acos, atan } = transcendental;
const { sinh, cosh, tanh, asinh, acosh, atanh, erf, atan2 } = transcendental;
const {
  isNaN,
  isInf,
  equal,
  notEqual,
  less,
  lessOrEqual,
  greater,
  greaterOrEqual,
  not,
  and,
  or,
  xor,
  where,
} = logic;
const { bitwiseNot, bitwiseAnd, bitwiseOr, bitwiseXor, shiftLeft, shiftRight } = bitwise;
const { reduceSum, reduceProd, reduceMax, reduceMin, reduceMean, argMax, argMin } = reduce;

/** Every method is the function of the same name with the tensor first; a missing one is a type error. */
const functions: Functions = {
  abs,
  neg,
  sign,
  floor,
  ceil,
  round,
  add,
  sub,
  mul,
  div,
  mod,
  fmod,
  pow,
  max,
  min,
  exp,
  expm1,
  log,
  log1p,
  sqrt,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  erf,
  atan2,
  isNaN,
  isInf,
  equal,
  notEqual,
  less,
  lessOrEqual,
  greater,
  greaterOrEqual,
  not,
  and,
  or,
  xor,
  where,
  bitwiseNot,
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  shiftLeft,
  shiftRight,
  cast,
  bitcast,
  stopGradient,
  reduceSum,
  reduceProd,
  reduceMax,
  reduceMin,
  reduceMean,
  argMax,
  argMin,
  cumSum,
  cumProd,
  reshape,
  transpose,
  broadcast,
  unsqueeze,
  squeeze,
  slice,
  pad,
  flip,
  window,
  windowSum,
  matMul,
  dotGeneral,
  conv,
  convTranspose,
  convWeight,
  gather,
  take,
  scatter,
};

for (const [name, build] of Object.entries(functions)) {
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    writable: true,
    value(this: Tensor, ...rest: never[]): Tensor {
      // Each function takes just what its method declares; `Functions` checks the pairing by name.
      return (build as (x: Tensor, ...rest: never[]) => Tensor)(this, ...rest);
    },
  });
}
