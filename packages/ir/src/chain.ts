import type { FloatFunction } from "./primitive-set.ts";
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
import { unary } from "./ops/elementwise.ts";
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
import { atan2, floatFunctions } from "./ops/transcendental.ts";
import { transpose } from "./ops/transpose.ts";

type Functions = {
  readonly [name in Exclude<keyof TensorMethods, FloatFunction>]: (
    x: Tensor,
    ...rest: Parameters<TensorMethods[name]>
  ) => Tensor;
};

/** Every other method is the function of the same name with the tensor first; a missing one is a type error. */
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

/** Sets a method that takes what follows the tensor. */
function method(name: string, build: (x: Tensor, ...rest: never[]) => Tensor): void {
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    writable: true,
    value(this: Tensor, ...rest: never[]): Tensor {
      return build(this, ...rest);
    },
  });
}

for (const primitive of Object.values(floatFunctions)) method(primitive.name, (x) => unary(primitive, x));
// Each function takes what its method declares: `Functions` checks the pairing by name.
for (const [name, build] of Object.entries(functions)) method(name, build);
