import { Tensor, type TensorMethods } from "./tensor.ts";
import {
  abs,
  add,
  ceil,
  div,
  floor,
  fmod,
  max,
  min,
  mod,
  mul,
  neg,
  pow,
  round,
  sign,
  sub,
} from "./ops/arithmetic.ts";
import { bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor, shiftLeft, shiftRight } from "./ops/bitwise.ts";
import { broadcast } from "./ops/broadcast.ts";
import { dotGeneral, matMul } from "./ops/contract.ts";
import { bitcast, cast, stopGradient } from "./ops/convert.ts";
import { cumProd, cumSum } from "./ops/cumulative.ts";
import { flip } from "./ops/flip.ts";
import { gather, scatter, take } from "./ops/indexing.ts";
import {
  and,
  equal,
  greater,
  greaterOrEqual,
  isInf,
  isNaN,
  less,
  lessOrEqual,
  not,
  notEqual,
  or,
  where,
  xor,
} from "./ops/logic.ts";
import { pad } from "./ops/pad.ts";
import { argMax, argMin, reduceMax, reduceMean, reduceMin, reduceProd, reduceSum } from "./ops/reduce.ts";
import { reshape, squeeze, unsqueeze } from "./ops/reshape.ts";
import { slice } from "./ops/slice.ts";
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cos,
  cosh,
  erf,
  exp,
  expm1,
  log,
  log1p,
  sin,
  sinh,
  sqrt,
  tan,
  tanh,
} from "./ops/transcendental.ts";
import { transpose } from "./ops/transpose.ts";

type Functions = {
  readonly [name in keyof TensorMethods]: (x: Tensor, ...rest: Parameters<TensorMethods[name]>) => Tensor;
};

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
  matMul,
  dotGeneral,
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
