import { type Tensor, add, div, fmod, max, min, mod, mul, pow, sub } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type DType, type Scalar, dtypeInfo } from "@adjoint/ir/values";
import type { Case } from "../case.ts";
import {
  floatSample,
  floats,
  integerSample,
  integers,
  nonFinite,
  numeric,
  sample,
  signed,
} from "../samples.ts";
import { binaryShapes, pairCase, unaryCase, unaryShapes } from "./elementwise.ts";

export type Arithmetic = Extract<
  NameOf<"map">,
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
  | "min"
>;

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

const unary = (
  dtypes: readonly DType[],
  f: Unary,
  beyond: readonly number[] = nonFinite,
): readonly Case[] => [
  ...dtypes.map((dtype) => unaryCase(dtype, dtype, sample(dtype), f)),
  ...floats.map((dtype) =>
    unaryCase(`${dtype}, NaN and infinities`, dtype, beyond, f, { traits: ["nonFinite"] }),
  ),
  unaryCase("f32, of −0", "f32", [-0, 0], f, { traits: ["signedZero"] }),
  unaryShapes("f32", floatSample, f),
];

/** Halves, near halves, and numbers too large to have a fraction. */
const fractions = [-2.5, -1.5, -0.5, -0.75, -0.25, 0, 0.25, 0.5, 0.75, 1.5, 2.5, 3.5, 1000.5, 0.49997];
const rounding = (f: Unary): readonly Case[] => [
  ...floats.map((dtype) => unaryCase(dtype, dtype, fractions, f)),
  unaryCase("f32, beyond 2^23", "f32", [8388608.5, 8388609, -16777216, 4194304.5, 4194305.5, 1e30], f),
  unaryCase("f64, beyond 2^52", "f64", [4503599627370497, 2251799813685249.5, -1e300], f),
  unaryCase("f32, NaN and infinities", "f32", [NaN, Infinity, -Infinity], f, { traits: ["nonFinite"] }),
  unaryShapes("f32", fractions, f),
];

interface Operands {
  readonly left: readonly Scalar[];
  readonly right: readonly Scalar[];
}

const binary = (f: Binary, ofFloats: Operands, ofIntegers?: (dtype: DType) => Operands): readonly Case[] => [
  ...floats.map((dtype) => pairCase(`${dtype}, all pairs`, dtype, ofFloats.left, ofFloats.right, f)),
  ...integers.map((dtype) => {
    const { left, right } = ofIntegers?.(dtype) ?? {
      left: integerSample(dtype),
      right: integerSample(dtype),
    };
    return pairCase(`${dtype}, all pairs`, dtype, left, right, f);
  }),
  ...floats.map((dtype) =>
    pairCase(`${dtype}, NaN and infinities`, dtype, nonFinite, nonFinite, f, { traits: ["nonFinite"] }),
  ),
  binaryShapes("f32", ofFloats.left, ofFloats.right, f),
  binaryShapes("i32", [3, -7, 20, 9], [2, 5, 1, 3], f),
];

const everyPair: Operands = { left: floatSample, right: floatSample };
const nonZero = floatSample.filter((x) => x !== 0);
/** Quotients that are exact in f16, so that a remainder by way of a division is right too. */
const remainders: Operands = { left: [-7.5, -3, -0.5, 0, 1, 2.25, 5.5], right: [-2, -0.75, 0.5, 1.5, 4] };
/** Exponents up to 9, and large bases: integer powers wrap. */
const integerPowers = (dtype: DType): Operands => ({
  left: integerSample(dtype),
  right: (dtypeInfo[dtype].class === "uint" ? [0, 1, 2, 3, 5, 9] : [-2, -1, 0, 1, 2, 3, 5, 9]).map((power) =>
    dtypeInfo[dtype].big ? BigInt(power) : power,
  ),
});

/** Sums and products below the smallest normal number. */
const small = [1e-38, -1.5e-38, 3e-39, 1e-40, 1.4e-45];
const subnormal = (f: Binary): Case =>
  pairCase("f32, subnormal", "f32", small, [1, 0.5, 0.25], f, { traits: ["subnormal"] });
const zeros = (f: Binary): Case =>
  pairCase("f32, zeros of both signs", "f32", [0, -0, 1], [0, -0], f, { traits: ["signedZero"] });

export const arithmeticCases: { readonly [N in Arithmetic]: readonly Case[] } = {
  abs: unary(numeric, (x) => x.abs()),
  neg: unary(signed, (x) => x.neg()),
  sign: unary(numeric, (x) => x.sign()),
  floor: rounding((x) => x.floor()),
  ceil: rounding((x) => x.ceil()),
  round: rounding((x) => x.round()),
  add: [...binary(add, everyPair), zeros(add), subnormal((a, b) => a.add(b.mul(1e-38)))],
  sub: [...binary(sub, everyPair), zeros(sub), subnormal((a, b) => a.sub(b.mul(1e-38)))],
  mul: [...binary(mul, everyPair), zeros(mul), subnormal(mul)],
  div: [
    ...binary(div, { left: floatSample, right: nonZero }),
    pairCase("f32, by zeros of both signs", "f32", [1, -1, 0], [0, -0], div, {
      traits: ["nonFinite", "signedZero"],
    }),
  ],
  mod: [
    ...binary(mod, remainders),
    pairCase("f64, operands far apart", "f64", [1e6 + 0.5, -12345.678], [0.1, -0.3, 7.7], mod),
    pairCase("f32, operands far apart", "f32", [1e6 + 0.5, -12345.678], [0.1, -0.3, 7.7], mod),
  ],
  fmod: [
    ...binary(fmod, remainders),
    pairCase("f64, operands far apart", "f64", [1e6 + 0.5, -12345.678], [0.1, -0.3, 7.7], fmod),
    pairCase("f32, operands far apart", "f32", [1e6 + 0.5, -12345.678], [0.1, -0.3, 7.7], fmod),
  ],
  pow: [
    ...binary(
      pow,
      { left: [0.25, 0.5, 1, 1.5, 2, 3], right: [-2, -1, -0.5, 0, 0.5, 1, 2, 3, 4.5] },
      integerPowers,
    ),
    ...floats.map((dtype) =>
      pairCase(`${dtype}, negative bases`, dtype, [-0.5, -1, -2, -3], [-2, -1, 0, 1, 2, 3], pow),
    ),
    pairCase("f32, of zero", "f32", [0], [0, 0.5, 1, 2, 3], pow),
    pairCase("f32, no real result", "f32", [-0.5, -2], [0.5, 1.5, -0.5], pow, { traits: ["nonFinite"] }),
  ],
  max: [...binary(max, everyPair), zeros(max)],
  min: [...binary(min, everyPair), zeros(min)],
};
