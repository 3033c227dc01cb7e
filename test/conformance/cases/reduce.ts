import type { ReduceOptions, Tensor } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type DType, dtypeInfo, isFloat, valueOf } from "@adjoint/ir/values";
import { type Case, make } from "../case.ts";
import { filledWith, floats, integerSample, numeric, random, randomIntegers, sample } from "../samples.ts";

type Reduce = (x: Tensor, options?: ReduceOptions) => Tensor;

/** Floats near 1 in magnitude, so that products of many stay in range; integers wrap. */
const operand = (dtype: DType, shape: readonly number[], product: boolean) =>
  isFloat(dtype)
    ? random(dtype, shape, 3, product ? 0.5 : -1, 1.5)
    : filledWith(dtype, shape, integerSample(dtype));

function reductions(f: Reduce, product: boolean, ofMean: boolean): readonly Case[] {
  const tolerance = { times: 4, ofMean };
  const box = random("f32", [3, 5, 7], 5, product ? 0.5 : -1, 1.5);
  const axes = (name: string, list: readonly number[]): Case =>
    make(`f32, ${name}`, { x: box }, ({ x }) => f(x, { axes: list }), { tolerance });
  return [
    ...numeric.map((dtype) =>
      make(
        dtype,
        { x: operand(dtype, [4, 7], product) },
        ({ x }) => ({ rows: f(x, { axes: 1 }), columns: f(x, { axes: 0 }) }),
        {
          tolerance,
        },
      ),
    ),
    axes("first axis", [0]),
    axes("middle axis", [1]),
    axes("last axis", [2]),
    axes("first and last axis", [0, 2]),
    axes("first two axes", [0, 1]),
    axes("last two axes", [1, 2]),
    axes("all axes", [0, 1, 2]),
    make("f32, kept axes", { x: box }, ({ x }) => f(x, { axes: [0, 2], keepDims: true }), { tolerance }),
    make("f32, an axis of one", { x: random("f32", [4, 1, 3], 2) }, ({ x }) => f(x, { axes: 1 })),
    make("i32, no elements left", { x: filledWith("i32", [0, 3]) }, ({ x }) => f(x, { axes: 1 })),
    make("i32, of no elements", { x: filledWith("i32", [3, 0]) }, ({ x }) => ({
      rows: f(x, { axes: 1 }),
      all: f(x),
    })),
    make(
      "f32, of no elements",
      { x: filledWith("f32", [3, 0]) },
      ({ x }) => ({ rows: f(x, { axes: 1 }), all: f(x) }),
      {
        traits: ["nonFinite"],
      },
    ),
    make(
      "f32, NaN and infinities",
      { x: valueOf("f32", [4, 3], [1, NaN, 2, Infinity, 1, 2, -Infinity, 1, -2, Infinity, -Infinity, 1]) },
      ({ x }) => f(x, { axes: 1 }),
      {
        traits: ["nonFinite"],
      },
    ),
  ];
}

/** Rows and columns longer than any block of work. */
const long = (f: Reduce): readonly Case[] => [
  make("f32, long rows", { x: random("f32", [3, 1027], 11) }, ({ x }) => f(x, { axes: 1 }), {
    tolerance: { times: 8, ofMean: true },
  }),
  make("f32, long columns", { x: random("f32", [1027, 3], 12) }, ({ x }) => f(x, { axes: 0 }), {
    tolerance: { times: 8, ofMean: true },
  }),
  make("f32, all of many", { x: random("f32", [61, 83], 13, 0, 1) }, ({ x }) => f(x), {
    tolerance: { times: 8 },
  }),
];

type Arg = (x: Tensor, options: { readonly axis: number; readonly keepDims?: boolean }) => Tensor;

const places = (f: Arg): readonly Case[] => [
  ...numeric.map((dtype) =>
    make(dtype, { x: filledWith(dtype, [3, 7], sample(dtype)) }, ({ x }) => ({
      rows: f(x, { axis: 1 }),
      columns: f(x, { axis: 0 }),
    })),
  ),
  make(
    "f32, ties go to the first",
    { x: valueOf("f32", [3, 4], [2, 5, 5, 2, 1, 1, 1, 1, -3, 0, -3, 0]) },
    ({ x }) => f(x, { axis: 1 }),
  ),
  make("f32, zeros of both signs tie", { x: valueOf("f32", [2, 2], [0, -0, -0, 0]) }, ({ x }) =>
    f(x, { axis: 1 }),
  ),
  make(
    "i32, ends of the type",
    { x: valueOf("i32", [4], [0, 2147483647, -2147483648, 2147483646]) },
    ({ x }) => f(x, { axis: 0 }),
  ),
  make("u32, beyond i32", { x: valueOf("u32", [3], [1, 4294967295, 0]) }, ({ x }) => f(x, { axis: 0 })),
  ...floats.map((dtype) =>
    make(
      `${dtype}, the first NaN, infinities`,
      {
        x: valueOf(
          dtype,
          [4, 4],
          [
            1,
            NaN,
            3,
            NaN,
            Infinity,
            1,
            2,
            Infinity,
            -Infinity,
            -Infinity,
            -Infinity,
            -Infinity,
            NaN,
            NaN,
            0,
            1,
          ],
        ),
      },
      ({ x }) => f(x, { axis: 1 }),
      {
        traits: ["nonFinite"],
      },
    ),
  ),
  make("f32, middle axis, kept", { x: random("f32", [3, 5, 4], 7) }, ({ x }) => ({
    gone: f(x, { axis: 1 }),
    kept: f(x, { axis: 1, keepDims: true }),
  })),
  make(
    "f32, an axis of one and a vector",
    { x: random("f32", [3, 1], 7), v: random("f32", [131], 8) },
    ({ x, v }) => ({ one: f(x, { axis: 1 }), all: f(v, { axis: 0 }) }),
  ),
  make("f32, no elements left", { x: filledWith("f32", [0, 3]) }, ({ x }) => f(x, { axis: 1 })),
];

export const reduceCases: { readonly [N in NameOf<"reduce">]: readonly Case[] } = {
  reduceSum: [...reductions((x, o) => x.reduceSum(o), false, true), ...long((x, o) => x.reduceSum(o))],
  reduceProd: reductions((x, o) => x.reduceProd(o), true, false),
  reduceMax: [...reductions((x, o) => x.reduceMax(o), false, false), ...long((x, o) => x.reduceMax(o))],
  reduceMin: [...reductions((x, o) => x.reduceMin(o), false, false), ...long((x, o) => x.reduceMin(o))],
  argMax: places((x, o) => x.argMax(o)),
  argMin: places((x, o) => x.argMin(o)),
};

const ways = [
  { exclusive: false, reverse: false },
  { exclusive: true, reverse: false },
  { exclusive: false, reverse: true },
  { exclusive: true, reverse: true },
] as const;

function cumulative(name: NameOf<"cumulative">, product: boolean): readonly Case[] {
  const tolerance = { times: 4, ofMean: !product };
  const values = (dtype: DType, shape: readonly number[]) =>
    isFloat(dtype)
      ? random(dtype, shape, 4, 0.5, 1.5)
      : dtypeInfo[dtype].bytes === 1
        ? filledWith(dtype, shape)
        : randomIntegers(dtype, shape, 4, dtypeInfo[dtype].class === "uint" ? 0 : -1000, 1000);
  return [
    ...numeric.map((dtype) =>
      make(dtype, { x: values(dtype, [3, 6]) }, ({ x }) => x[name]({ axis: 1 }), { tolerance }),
    ),
    ...ways.map((way) =>
      make(
        `f32, every axis${way.exclusive ? ", exclusive" : ""}${way.reverse ? ", reverse" : ""}`,
        { x: random("f32", [3, 4, 5], 6, 0.5, 1.5) },
        ({ x }) => ({
          first: x[name]({ axis: 0, ...way }),
          middle: x[name]({ axis: 1, ...way }),
          last: x[name]({ axis: -1, ...way }),
        }),
        { tolerance },
      ),
    ),
    make("f32, a zero on the way", { x: valueOf("f32", [6], [2, 3, 0, 4, 0, 5]) }, ({ x }) => ({
      forward: x[name]({ axis: 0 }),
      backward: x[name]({ axis: 0, reverse: true }),
    })),
    make("f32, many", { x: random("f32", [2, 301], 9, 0.98, 1.02) }, ({ x }) => x[name]({ axis: 1 }), {
      tolerance: { times: 16 },
    }),
    make(
      "f32, one and none",
      { one: random("f32", [3, 1], 2), none: filledWith("f32", [3, 0]), nobody: filledWith("f32", [0, 3]) },
      ({ one, none, nobody }) => ({
        one: one[name]({ axis: 1, exclusive: true }),
        none: none[name]({ axis: 1 }),
        nobody: nobody[name]({ axis: 1 }),
      }),
    ),
    make(
      "f32, NaN and infinities stay",
      { x: valueOf("f32", [2, 4], [1, NaN, 2, 3, 1, Infinity, 2, 3]) },
      ({ x }) => x[name]({ axis: 1 }),
      { traits: ["nonFinite"] },
    ),
  ];
}

export const cumulativeCases: { readonly [N in NameOf<"cumulative">]: readonly Case[] } = {
  cumSum: cumulative("cumSum", false),
  cumProd: cumulative("cumProd", true),
};
