import {
  type Tensor,
  and,
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  equal,
  less,
  lessOrEqual,
  or,
  shiftLeft,
  shiftRight,
  xor,
} from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type DType, dtypeInfo, valueOf } from "@adjoint/ir/values";
import { type Case, make } from "../case.ts";
import {
  all,
  filledWith,
  floats,
  integerSample,
  integers,
  labelled,
  nonFinite,
  numeric,
  sample,
} from "../samples.ts";
import { binaryShapes, pairCase, unaryCase, unaryShapes } from "./elementwise.ts";

export type Logic = Extract<
  NameOf<"map">,
  | "isNaN"
  | "isInf"
  | "equal"
  | "less"
  | "lessOrEqual"
  | "not"
  | "and"
  | "or"
  | "xor"
  | "where"
  | "bitwiseNot"
  | "bitwiseAnd"
  | "bitwiseOr"
  | "bitwiseXor"
  | "shiftLeft"
  | "shiftRight"
>;

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

const comparison = (dtypes: readonly DType[], f: Binary): readonly Case[] => [
  ...dtypes.map((dtype) => pairCase(`${dtype}, all pairs`, dtype, sample(dtype), sample(dtype), f)),
  ...floats.map((dtype) =>
    pairCase(`${dtype}, NaN and infinities`, dtype, nonFinite, nonFinite, f, { traits: ["nonFinite"] }),
  ),
  pairCase("f32, zeros of both signs are equal", "f32", [0, -0], [0, -0], f),
  pairCase("f64, neighbours", "f64", [1, 1 + 2 ** -52], [1, 1 + 2 ** -52], f),
  binaryShapes("f32", [1, 2, 3], [3, 2], f),
];

const predicate = (f: Unary): readonly Case[] => [
  ...floats.map((dtype) => unaryCase(dtype, dtype, nonFinite, f, { traits: ["nonFinite"] })),
  unaryCase("f32, finite only", "f32", [0, -0, 1e-40, 3.4e38], f),
  unaryShapes("f32", [0, 1, -1], f),
];

const boolean = (f: Binary): readonly Case[] => [
  pairCase("bool, all pairs", "bool", [0, 1], [0, 1], f),
  binaryShapes("bool", [0, 1, 1], [1, 0], f),
];

const bits = (f: Binary): readonly Case[] => [
  ...integers.map((dtype) =>
    pairCase(`${dtype}, all pairs`, dtype, integerSample(dtype), integerSample(dtype), f),
  ),
  binaryShapes("i32", [5, -3, 12, 7], [1, 9, -2], f),
];

/** Amounts up to, at and beyond the width; negative ones too, which push every bit out. */
const shift = (f: Binary): readonly Case[] => [
  ...integers.map((dtype) => {
    const { bytes, big, class: kind } = dtypeInfo[dtype];
    const width = bytes * 8;
    const amounts = [
      0,
      1,
      2,
      width - 1,
      width,
      width + 1,
      31,
      32,
      33,
      63,
      64,
      65,
      100,
      ...(kind === "int" ? [-1, -33] : []),
    ];
    return pairCase(
      `${dtype}, amounts up to the width and beyond`,
      dtype,
      integerSample(dtype),
      big ? amounts.map(BigInt) : amounts,
      f,
    );
  }),
  binaryShapes("u32", [5, 3, 12, 4294967295], [1, 9, 2], f),
];

export const logicCases: { readonly [N in Logic]: readonly Case[] } = {
  isNaN: predicate((x) => x.isNaN()),
  isInf: predicate((x) => x.isInf()),
  equal: comparison(all, equal),
  less: comparison(numeric, less),
  lessOrEqual: comparison(numeric, lessOrEqual),
  not: [unaryCase("bool", "bool", [0, 1], (x) => x.not()), unaryShapes("bool", [0, 1, 1], (x) => x.not())],
  and: boolean(and),
  or: boolean(or),
  xor: boolean(xor),
  where: [
    ...all.map((dtype) =>
      make(
        dtype,
        {
          c: filledWith("bool", [16], [1, 0, 0, 1, 1]),
          a: filledWith(dtype, [16]),
          b: labelled(dtype, [16]),
        },
        ({ c, a, b }) => c.where(a, b),
      ),
    ),
    make(
      "f32, broadcast condition and branches",
      {
        c: filledWith("bool", [3, 1], [1, 0, 1]),
        a: labelled("f32", [3, 4]),
        b: labelled("f32", [4]),
        s: labelled("f32", []),
        flag: filledWith("bool", [], [1]),
        none: filledWith("bool", [0, 4]),
      },
      ({ c, a, b, s, flag, none }) => ({
        rows: c.where(a, b),
        scalar: c.where(a, s),
        numbers: c.where(a, -1),
        flag: flag.where(a, b),
        wide: c.where(s, b),
        none: none.where(b, s),
      }),
    ),
    make(
      "f32, the branch not taken holds NaN",
      {
        c: valueOf("bool", [4], [1, 0, 1, 0]),
        a: valueOf("f32", [4], [1, NaN, -0, Infinity]),
        b: valueOf("f32", [4], [NaN, 2, Infinity, -0]),
      },
      ({ c, a, b }) => c.where(a, b),
      { traits: ["nonFinite", "signedZero"] },
    ),
  ],
  bitwiseNot: [
    ...integers.map((dtype) => unaryCase(dtype, dtype, integerSample(dtype), (x) => x.bitwiseNot())),
    unaryShapes("i32", [5, -3, 12, 7], (x) => x.bitwiseNot()),
  ],
  bitwiseAnd: bits(bitwiseAnd),
  bitwiseOr: bits(bitwiseOr),
  bitwiseXor: bits(bitwiseXor),
  shiftLeft: shift(shiftLeft),
  shiftRight: shift(shiftRight),
};
