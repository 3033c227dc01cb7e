import {
  bigDivide,
  bigModulo,
  bigPower,
  bigRemainder,
  divide,
  floatPower,
  integerPower,
  modulo,
  remainder,
} from "../elementary.ts";
import { roundTiesToEven } from "../float16.ts";
import type { Operand, Tensor } from "../tensor.ts";
import type { Rows } from "../primitive.ts";
import { binary, defineMap, pair, unary } from "./elementwise.ts";
import { widelyPulled } from "./widely.ts";

/** IEEE 754 maximum: NaN if either is; Math.max does so, and orders −0 below +0. */
const larger = (a: number, b: number): number => Math.max(a, b);
const smaller = (a: number, b: number): number => Math.min(a, b);

type Arithmetic =
  | "abs"
  | "neg"
  | "sign"
  | "floor"
  | "ceil"
  | "round"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "mod"
  | "fmod"
  | "pow"
  | "max"
  | "min";

/**
 * The share of each side of a maximum in its gradient: all if it wins, half if both tie.
 * The loser gets 0, even from an infinite cotangent.
 */
const shares = (g: Tensor, tie: Tensor, ...wins: readonly Tensor[]): readonly Tensor[] => {
  const ofTie = tie.where(g.mul(0.5), 0);
  return wins.map((win) => win.where(g, ofTie));
};

export const arithmetic: Rows<Arithmetic> = {
  abs: defineMap({
    name: "abs",
    arity: 1,
    domain: "numeric",
    scalar: { number: Math.abs, big: (x) => (x < 0n ? -x : x) },
    gradient: ([x], _, g) => [x && g.mul(x.sign())],
  }),
  neg: defineMap({
    name: "neg",
    arity: 1,
    domain: "signed",
    scalar: { number: (x) => -x, big: (x) => -x },
    gradient: (_, __, g) => [g.neg()],
  }),
  sign: defineMap({
    name: "sign",
    arity: 1,
    domain: "numeric",
    scalar: { number: Math.sign, big: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n) },
  }),
  floor: defineMap({ name: "floor", arity: 1, domain: "float", scalar: { number: Math.floor } }),
  ceil: defineMap({ name: "ceil", arity: 1, domain: "float", scalar: { number: Math.ceil } }),
  round: defineMap({ name: "round", arity: 1, domain: "float", scalar: { number: roundTiesToEven } }),
  add: defineMap({
    name: "add",
    arity: 2,
    domain: "numeric",
    scalar: { number: (a, b) => a + b, big: (a, b) => a + b },
    gradient: (_, __, g) => [g, g],
  }),
  sub: defineMap({
    name: "sub",
    arity: 2,
    domain: "numeric",
    scalar: { number: (a, b) => a - b, big: (a, b) => a - b },
    gradient: (_, __, g) => [g, g.neg()],
  }),
  mul: defineMap({
    name: "mul",
    arity: 2,
    domain: "numeric",
    scalar: { number: (a, b) => a * b, integer: Math.imul, big: (a, b) => a * b },
    gradient: (inputs, _, g) => {
      const [a, b] = pair(inputs);
      return [g.mul(b), g.mul(a)];
    },
  }),
  div: defineMap({
    name: "div",
    arity: 2,
    domain: "numeric",
    scalar: { number: (a, b) => a / b, integer: divide, big: bigDivide },
    gradient: widelyPulled((inputs, quotient, g) => {
      const [, b] = pair(inputs);
      const byA = g.div(b);
      return [byA, byA.mul(quotient).neg()];
    }),
  }),
  mod: defineMap({
    name: "mod",
    arity: 2,
    domain: "numeric",
    scalar: { number: modulo, integer: (a, b) => (b === 0 ? 0 : modulo(a, b)), big: bigModulo },
    gradient: widelyPulled((inputs, _, g) => {
      const [a, b] = pair(inputs);
      return [g, g.mul(a.div(b).floor()).neg()];
    }),
  }),
  fmod: defineMap({
    name: "fmod",
    arity: 2,
    domain: "numeric",
    scalar: { number: (a, b) => a % b, integer: remainder, big: bigRemainder },
    gradient: widelyPulled((inputs, rest, g) => {
      const [a, b] = pair(inputs);
      return [g, g.mul(a.sub(rest).div(b)).neg()];
    }),
  }),
  pow: defineMap({
    name: "pow",
    arity: 2,
    domain: "numeric",
    scalar: { number: floatPower, integer: integerPower, big: bigPower },
    gradient: widelyPulled((inputs, power, g) => {
      const [a, b] = pair(inputs);
      // b·a^(b−1) is 0 at a = b = 0, although the power is infinite; log a is needed only if a > 0.
      const origin = a.equal(0).and(b.equal(0));
      const byBase = b.mul(origin.where(1, a).pow(b.sub(1)));
      const byExponent = a.greater(0).where(power.mul(a.greater(0).where(a, 1).log()), 0);
      return [g.mul(byBase), g.mul(byExponent)];
    }),
  }),
  max: defineMap({
    name: "max",
    arity: 2,
    domain: "numeric",
    scalar: { number: larger, big: (a, b) => (a > b ? a : b) },
    gradient: (inputs, _, g) => {
      const [a, b] = pair(inputs);
      return shares(g, a.equal(b), a.greater(b), b.greater(a));
    },
  }),
  min: defineMap({
    name: "min",
    arity: 2,
    domain: "numeric",
    scalar: { number: smaller, big: (a, b) => (a < b ? a : b) },
    gradient: (inputs, _, g) => {
      const [a, b] = pair(inputs);
      return shares(g, a.equal(b), a.less(b), b.less(a));
    },
  }),
};

/** |x|; the derivative at 0 is 0. */
export const abs = (x: Tensor): Tensor => unary(arithmetic.abs, x);
export const neg = (x: Tensor): Tensor => unary(arithmetic.neg, x);
/** −1, 0 or 1; NaN stays. */
export const sign = (x: Tensor): Tensor => unary(arithmetic.sign, x);
export const floor = (x: Tensor): Tensor => unary(arithmetic.floor, x);
export const ceil = (x: Tensor): Tensor => unary(arithmetic.ceil, x);
/** To the nearest integer, halves to the even one. */
export const round = (x: Tensor): Tensor => unary(arithmetic.round, x);
export const add = (a: Operand, b: Operand): Tensor => binary(arithmetic.add, a, b);
export const sub = (a: Operand, b: Operand): Tensor => binary(arithmetic.sub, a, b);
export const mul = (a: Operand, b: Operand): Tensor => binary(arithmetic.mul, a, b);
/** Integers truncate toward zero; integer division by zero gives 0. */
export const div = (a: Operand, b: Operand): Tensor => binary(arithmetic.div, a, b);
/** Remainder with the sign of the divisor (Python's `%`). */
export const mod = (a: Operand, b: Operand): Tensor => binary(arithmetic.mod, a, b);
/** Remainder with the sign of the dividend (C's `%`). */
export const fmod = (a: Operand, b: Operand): Tensor => binary(arithmetic.fmod, a, b);
/** aᵇ; 1 to any power and anything to the power 0 are 1. */
export const pow = (a: Operand, b: Operand): Tensor => binary(arithmetic.pow, a, b);
/** The larger; NaN if either is. Ties share the gradient equally. */
export const max = (a: Operand, b: Operand): Tensor => binary(arithmetic.max, a, b);
/** The smaller; NaN if either is. Ties share the gradient equally. */
export const min = (a: Operand, b: Operand): Tensor => binary(arithmetic.min, a, b);
