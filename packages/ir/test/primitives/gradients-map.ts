import { type Tensor, atan2, valueOf } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import fc from "fast-check";
import { f64, numbers, someF64 } from "../finite-differences.ts";
import {
  type GradientRows,
  type Trial,
  binaryTrial,
  distinct,
  none,
  pairOfShapes,
  seeds,
  shapes,
  size,
  unaryTrial,
} from "./trial.ts";
import { floatGradients } from "./transcendental.ts";

/** Positive and negative, but not near zero. */
const awayFromZero = (build: (x: Tensor) => Tensor): fc.Arbitrary<Trial> =>
  fc.tuple(shapes(), seeds).map(([shape, seed]) => ({ build, inputs: distinct([shape], seed) }));

const noTies = (build: (a: Tensor, b: Tensor) => Tensor): fc.Arbitrary<Trial> =>
  fc.tuple(pairOfShapes, seeds).map(([pair, seed]) => ({ build, inputs: distinct(pair, seed) }));

/** a = (k + u)·b with whole k from −2 to 2 and u in [0.2, 0.8): no step reaches the next whole quotient. */
const betweenMultiples = (build: (a: Tensor, b: Tensor) => Tensor): fc.Arbitrary<Trial> =>
  fc.tuple(shapes(), fc.boolean(), seeds).map(([shape, negative, seed]) => {
    const b = (negative ? -1 : 1) * (numbers(1, seed, 1.5, 2.5)[0] ?? 2);
    const [whole, part] = [numbers(size(shape), seed, -2, 3), numbers(size(shape), seed + 1, 0.2, 0.8)];
    const a = part.map((u, index) => (Math.floor(whole[index] ?? 0) + u) * b);
    return { build, inputs: [f64(shape, a), f64([], [b])] };
  });

/** Powers of positive bases by any exponent, and of bases of both signs by whole ones. */
const powers: fc.Arbitrary<Trial> = fc.oneof(
  binaryTrial((a, b) => a.pow(b), [0.3, 2], [-2, 2.5]),
  unaryTrial((x) => x.pow(3)),
  unaryTrial((x) => x.pow(2)),
  unaryTrial((x) => x.pow(1)),
  unaryTrial((x) => x.pow(0)),
  unaryTrial((x) => x.pow(-2), 0.4, 2),
  unaryTrial((x) => x.pow(-1), -2, -0.4),
);

/** Casts through f32 of what f32 holds exactly, with steps that stay so; cotangents are rounded on the way back. */
const casts: fc.Arbitrary<Trial> = fc.tuple(shapes(), seeds).map(([shape, seed]) => ({
  build: (x) => x.cast("f32").cast("f64").mul(x),
  inputs: [
    f64(
      shape,
      numbers(size(shape), seed, -8, 8).map((x) => Math.round(x) / 8),
    ),
  ],
  options: { step: 0.25, tolerance: 1e-6 },
}));

const choices: fc.Arbitrary<Trial> = fc
  .tuple(pairOfShapes, shapes(0, 1), seeds)
  .map(([[left, right], , seed]) => ({
    build: (condition, a, b) => condition?.where(a ?? 0, b ?? 0) ?? [],
    inputs: [
      valueOf(
        "bool",
        left,
        numbers(size(left), seed).map((x) => x > 0),
      ),
      someF64(right, seed),
      someF64([], seed + 1),
    ],
  }));

const integers = (build: (x: Tensor) => Tensor): ReturnType<typeof none> => none("takes no floats", build);

export const mapGradients: GradientRows<NameOf<"map">> = {
  ...floatGradients,
  abs: awayFromZero((x) => x.abs()),
  neg: unaryTrial((x) => x.neg()),
  sign: none("is zero almost everywhere", (x) => x.sign()),
  floor: none("is zero almost everywhere", (x) => x.floor()),
  ceil: none("is zero almost everywhere", (x) => x.ceil()),
  round: none("is zero almost everywhere", (x) => x.round()),
  isNaN: none("gives a bool", (x) => x.isNaN()),
  isInf: none("gives a bool", (x) => x.isInf()),
  not: integers((x) => x.not()),
  bitwiseNot: integers((x) => x.bitwiseNot()),
  cast: casts,
  bitcast: none("reads bits", (x) => x.bitcast("i64").bitcast("f64")),
  stopGradient: none("stops it by definition", (x) => x.stopGradient()),
  add: binaryTrial((a, b) => a.add(b)),
  sub: binaryTrial((a, b) => a.sub(b)),
  mul: binaryTrial((a, b) => a.mul(b)),
  div: fc.oneof(
    binaryTrial((a, b) => a.div(b), [-2, 2], [0.5, 2]),
    binaryTrial((a, b) => a.div(b), [-2, 2], [-2, -0.5]),
  ),
  mod: betweenMultiples((a, b) => a.mod(b)),
  fmod: betweenMultiples((a, b) => a.fmod(b)),
  pow: powers,
  atan2: fc.oneof(
    binaryTrial(atan2, [0.3, 2], [-2, 2]),
    binaryTrial(atan2, [-2, -0.3], [-2, 2]),
    binaryTrial(atan2, [-1, 1], [0.3, 2]),
  ),
  max: noTies((a, b) => a.max(b)),
  min: noTies((a, b) => a.min(b)),
  equal: none("gives a bool", (x) => x.equal(0)),
  less: none("gives a bool", (x) => x.less(0)),
  lessOrEqual: none("gives a bool", (x) => x.lessOrEqual(0)),
  and: integers((x) => x.and(x)),
  or: integers((x) => x.or(x)),
  xor: integers((x) => x.xor(x)),
  bitwiseAnd: integers((x) => x.bitwiseAnd(x)),
  bitwiseOr: integers((x) => x.bitwiseOr(x)),
  bitwiseXor: integers((x) => x.bitwiseXor(x)),
  shiftLeft: integers((x) => x.shiftLeft(x)),
  shiftRight: integers((x) => x.shiftRight(x)),
  where: choices,
};
