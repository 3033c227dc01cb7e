import type { NameOf } from "@adjoint/ir/graph";
import { type DType, type Scalar, dtypeInfo, isFloat } from "@adjoint/ir/values";
import { type Case, make } from "../case.ts";
import { all, floatSample, floats, labelled, sample, vector } from "../samples.ts";
import { unaryCase, unaryShapes } from "./elementwise.ts";

export type Convert = Extract<NameOf<"map">, "cast" | "bitcast" | "stopGradient">;

/** Fractions of both signs, halves, and, where the type holds them, numbers beyond every integer type. */
const wide: readonly number[] = [...floatSample, -0.9, 0.9, 126.5, 127.5, 200, -200, 300, 40000, -40000];
const widest: { readonly [D in DType]?: readonly number[] } = {
  f64: [2147483647.5, -2147483649, 4294967296, 9223372036854775000, 1e19, -1e19, 2e19, 1e30, -1e30],
  f32: [2147483648, -2147483648, 4294967040, 4294967296, 1e19, -1e19, 2e19, 1e30, -1e30],
  bf16: [2147483648, -3e9, 1e19, -1e19, 2e19, 1e30, -1e30],
};

const from = (dtype: DType): readonly Scalar[] =>
  isFloat(dtype) ? [...wide, ...(widest[dtype] ?? [])] : sample(dtype);

/** Values between two of the target's, exactly half way among them: rounding to nearest, ties to even, once. */
const between: { readonly [target: string]: readonly number[] } = {
  f16: [1 + 2 ** -11, 1 + 3 * 2 ** -11, 2049, 2051, 65504, 1 + 2 ** -11 + 2 ** -40, 2049 + 2 ** -20],
  bf16: [1 + 2 ** -8, 1 + 3 * 2 ** -8, 257, 259, 1 + 2 ** -8 + 2 ** -40, 1 + 3 * 2 ** -8 - 2 ** -40],
  f32: [1 + 2 ** -24, 1 + 3 * 2 ** -24, 16777217, 16777219, 1 + 2 ** -24 + 2 ** -50],
};

/** Patterns of bits that are not NaN in any float type of the width. */
const patterns: { readonly [width: number]: readonly number[] } = {
  1: [0, 1, 127, 128, 255],
  2: [0, 1, 0x3c00, 0x3f80, 0x7bff, 0x8000, 0xc000, 0x0400, 0xfbff],
  4: [0, 1, 0x3f800000, 0x40490fdb, 0x80000000, 0xc0000000, 0x7f7fffff, 0x00800000],
  8: [0, 1, 2 ** 52],
};
const groups: readonly (readonly DType[])[] = [
  ["f64", "i64", "u64"],
  ["f32", "i32", "u32"],
  ["f16", "bf16", "i16", "u16"],
  ["i8", "u8"],
];

/** From bits to each type of the width and on to each other, so that every pair is read. */
const bitcasts: readonly Case[] = groups.flatMap((group) =>
  group.flatMap((source) =>
    group
      .filter((target) => target !== source)
      .map((target) => {
        const { bytes } = dtypeInfo[source];
        const unsigned: DType = bytes === 8 ? "u64" : bytes === 4 ? "u32" : bytes === 2 ? "u16" : "u8";
        const bits = patterns[bytes] ?? [];
        return make(
          `${source} to ${target}`,
          { bits: vector(unsigned, bytes === 8 ? bits.map(BigInt) : bits) },
          (x) => x.bits.bitcast(source).bitcast(target).bitcast(unsigned),
          // Bits of floats pass through registers that may flush or canonize.
          isFloat(source) || isFloat(target) ? { traits: ["subnormal", "signedZero"] } : {},
        );
      }),
  ),
);

export const convertCases: { readonly [N in Convert]: readonly Case[] } = {
  cast: [
    ...all.flatMap((source) =>
      all
        .filter((target) => target !== source)
        .map((target) => {
          // Numbers beyond the range of f16 become infinite there.
          const elements = from(source).filter((x) => target !== "f16" || (x < 65000 && x > -65000));
          return unaryCase(`${source} to ${target}`, source, elements, (x) => x.cast(target));
        }),
    ),
    ...floats.flatMap((source) =>
      all
        .filter((target) => target !== source)
        .map((target) =>
          unaryCase(
            `${source} to ${target}, NaN and infinities`,
            source,
            [NaN, Infinity, -Infinity],
            (x) => x.cast(target),
            {
              traits: ["nonFinite"],
            },
          ),
        ),
    ),
    ...(["f32", "f16", "bf16"] as const).flatMap((target) =>
      (["f64", "f32"] as const)
        .filter((source) => source !== target)
        .map((source) =>
          unaryCase(
            `${source} to ${target}, ties to even`,
            source,
            between[target] ?? [],
            (x) => x.cast(target),
            { tolerance: { times: 0 } },
          ),
        ),
    ),
    unaryCase("f64 to f32, overflow", "f64", [1e39, -1e39, 3.4028235677973366e38], (x) => x.cast("f32"), {
      traits: ["nonFinite"],
    }),
    unaryCase("f32 to f16, overflow", "f32", [65519, 65520, -1e6], (x) => x.cast("f16"), {
      traits: ["nonFinite"],
    }),
    unaryCase("f32 to f16, subnormal", "f32", [6e-8, 2.9e-8, 3e-8, 1e-6, -5.97e-5], (x) => x.cast("f16"), {
      traits: ["subnormal"],
    }),
    unaryShapes("i32", [0, 5, -7, 300], (x) => x.cast("f32")),
  ],
  bitcast: [
    ...bitcasts,
    make("f32 to u32, of computed values", { x: vector("f32", [0.1, 2.5, -1.75, 1e10]) }, ({ x }) =>
      x.add(x).bitcast("u32").bitwiseXor(1).bitcast("f32"),
    ),
    make("u32 to i32, of a view", { x: labelled("u32", [3, 4]) }, ({ x }) => x.transpose().bitcast("i32")),
  ],
  stopGradient: all.map((dtype) => unaryCase(dtype, dtype, sample(dtype), (x) => x.stopGradient())),
};
