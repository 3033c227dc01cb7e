import * as ir from "@adjoint/ir";
import type { DType } from "@adjoint/ir";
import type { FloatFunction } from "@adjoint/ir/graph";
import { forFloatFunctions, smoothRanges } from "../../float-functions.ts";
import {
  type Maker,
  FLOATS,
  INTEGERS,
  the,
  valuesOf,
  between,
  unary,
  broadcasting,
  binary,
  nonZero,
  reduction,
  along,
  ANY,
} from "./makers.ts";

/** Types for which the runtime has a kernel, if it has one for more than f32. */
const kernelTypes: { readonly [N in FloatFunction]?: readonly [DType, ...DType[]] } = {
  exp: FLOATS,
  expm1: ["f32", "f64"],
  log: FLOATS,
  log1p: ["f32", "f64"],
  sqrt: FLOATS,
  sin: ["f32", "f64"],
  tanh: ["f32", "f64", "f16"],
};

/** Arguments beyond those at which gradients are compared. */
const ranges: { readonly [N in FloatFunction]?: readonly [low: number, high: number] } = {
  exp: [-3, 3],
  expm1: [-3, 3],
  log: [0.1, 5],
  log1p: [-0.6, 5],
  sqrt: [0, 9],
  asin: [-0.9, 0.9],
  acos: [-0.9, 0.9],
  sinh: [-3, 3],
  cosh: [-3, 3],
  tanh: [-3, 3],
  atanh: [-0.9, 0.9],
  erf: [-3, 3],
};

/** Element by element, along axes, in order. */
export const elementwise: { readonly [name: string]: Maker } = {
  abs: unary(ir.abs, [...FLOATS, "i32", "i64", "i8"]),
  neg: unary(ir.neg, [...FLOATS, "i32", "i64", "i8"]),
  sign: unary(ir.sign, ["f32", "f64", "i32", "i64"]),
  ...forFloatFunctions((name) =>
    unary((x) => x[name](), kernelTypes[name] ?? ["f32"], ...(ranges[name] ?? smoothRanges[name])),
  ),
  floor: unary(ir.floor, ["f32", "f64"]),
  ceil: unary(ir.ceil, ["f32", "f64"]),
  round: unary(ir.round, ["f32", "f64"]),
  isNaN: unary((x) => ir.isNaN(x.div(x.sub(x.round()))), ["f32"]),
  isInf: unary((x) => ir.isInf(x.mul(2e38)), ["f32"]),
  not: unary(ir.not, ["bool"]),
  bitwiseNot: unary(ir.bitwiseNot, ["i32", "u8", "i64"]),
  stopGradient: unary(ir.stopGradient, ["f32", "i32"]),
  cast(draw) {
    const to = draw.of(...ANY, "i8", "u16");
    return unary((x) => x.cast(to), ["f32", "f64", "i32", "i64", "u8", "bool"], 0, 100)(draw);
  },
  add: binary(ir.add, [...FLOATS, "i32", "i64", "u8", "i16"]),
  sub: binary(ir.sub, [...FLOATS, "i32", "i64", "i8"]),
  mul: binary(ir.mul, [...FLOATS, "i32", "i64", "u32"]),
  div: binary(ir.div, ["f32", "f64", "f16", "i32", "i64"], nonZero),
  mod: binary(ir.mod, ["i32", "i64", "u8"], nonZero),
  fmod: binary(ir.fmod, ["i32", "i64"], nonZero),
  pow: binary(
    ir.pow,
    ["f32", "f64"],
    (draw, dtype, shape) => draw.tensor(dtype, shape, 2),
    (draw, dtype, shape) => between(draw, dtype, shape, 0.2, 3),
  ),
  atan2: binary(ir.atan2, ["f32"], nonZero),
  max: binary(ir.max, ["f32", "f64", "i32", "i64"]),
  min: binary(ir.min, ["f32", "f64", "i32", "i64"]),
  equal: binary(ir.equal, ["i32", "i64", "bool", "u8"]),
  less: binary(ir.less, ["f32", "f64", "i32", "i64"]),
  lessOrEqual: binary(ir.lessOrEqual, ["f32", "f64", "i32", "i64"]),
  and: binary(ir.and, ["bool"]),
  or: binary(ir.or, ["bool"]),
  xor: binary(ir.xor, ["bool"]),
  bitwiseAnd: binary(ir.bitwiseAnd, INTEGERS),
  bitwiseOr: binary(ir.bitwiseOr, INTEGERS),
  bitwiseXor: binary(ir.bitwiseXor, INTEGERS),
  shiftLeft: binary(ir.shiftLeft, ["u32", "u8"], (draw, dtype, shape) => draw.wholes(dtype, shape, 0, 7)),
  shiftRight: binary(ir.shiftRight, ["u32", "u8"], (draw, dtype, shape) => draw.wholes(dtype, shape, 0, 7)),
  where(draw) {
    const [left, right] = broadcasting(draw);
    const dtype = draw.of(...ANY);
    return {
      feeds: {
        c: draw.wholes("bool", left.length > right.length ? left : right, 0, 1),
        a: valuesOf(draw, dtype, left),
        b: valuesOf(draw, dtype, right),
      },
      build: (inputs) => ir.where(the(inputs, "c"), the(inputs, "a"), the(inputs, "b")),
    };
  },
  reduceSum: reduction(ir.reduceSum, ["f32", "f32", "f64", "i32"]),
  reduceProd: reduction(ir.reduceProd, ["f32"], 0.97, 1.03),
  reduceMax: reduction(ir.reduceMax, ["f32", "f64", "i32", "u8"]),
  reduceMin: reduction(ir.reduceMin, ["f32", "f64", "i32", "u8"]),
  reduceMean: reduction(ir.reduceMean, ["f32", "f64"]),
  argMax: along((_, axis) => (x) => x.argMax({ axis }), ["f32", "f64", "i32"]),
  argMin: along((_, axis) => (x) => x.argMin({ axis }), ["f32", "f64", "i32"]),
  cumSum: along(
    (_, axis, draw) => {
      const options = { axis, exclusive: draw.of(true, false), reverse: draw.of(true, false) };
      return (x) => x.cumSum(options);
    },
    ["f32", "f64", "i32", "i64"],
  ),
  cumProd: along(
    (_, axis, draw) => {
      const options = { axis, exclusive: draw.of(true, false), reverse: draw.of(true, false) };
      return (x) => x.cumProd(options);
    },
    ["f32"],
    0.97,
    1.03,
  ),
  sort: along(
    (_, axis, draw) => {
      const descending = draw.of(true, false);
      return (x) => ir.sort(x, { axis, descending }).values;
    },
    ["f32", "f64", "i32"],
  ),
  topK: along(
    (like, axis, draw) => {
      const [k, largest] = [draw.whole(1, Number(like.shape[axis])), draw.of(true, false)];
      return (x) => ir.topK(x, k, { axis, largest }).values;
    },
    ["f32", "f64", "i32"],
  ),
};
