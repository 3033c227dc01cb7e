import { type Tensor, atan2, floatFunctions } from "@adjoint/ir";
import { type FloatFunction, apply } from "@adjoint/ir/graph";
import { forFloatFunctions } from "../../float-functions.ts";
import type { Case } from "../case.ts";
import { floats } from "../samples.ts";
import { binaryShapes, pairCase, unaryCase, unaryShapes } from "./elementwise.ts";

export type Transcendental = FloatFunction | "atan2";

const line = [-3, -1.5, -1, -0.625, -0.25, -0.01, 0, 0.001, 0.125, 0.5, 0.75, 1, 1.25, 2, 4.5];
const unit = [-1, -0.875, -0.5, -0.1, 0, 0.01, 0.25, 0.625, 0.9375, 1];
const open = unit.filter((x) => Math.abs(x) < 1);
const positive = [0.001, 0.1, 0.5, 0.75, 1, 1.5, 2, 10, 1000];

interface Row {
  /** Arguments with finite results in every float type. */
  readonly at: readonly number[];
  /** Ends of the domain and beyond it. */
  readonly beyond: readonly number[];
  /** Small arguments, if the function written out would cancel. */
  readonly near?: readonly number[];
  /** Far arguments, if the range must be reduced with care. */
  readonly far?: readonly number[];
}

const ends = [NaN, Infinity, -Infinity];
/** eˣ − 1 and its kind cancel here if written out. */
const tiny = [1e-8, -1e-8, 1e-5, -3e-6, 2e-12];

const rows: { readonly [N in FloatFunction]: Row } = {
  exp: { at: [...line, 10, -10], beyond: [...ends, 1000, -1000], far: [-80, 80, 30.5] },
  expm1: { at: [...line, 1e-4, -1e-4, -10], beyond: [...ends, 1000, -1000], near: tiny },
  log: { at: positive, beyond: [...ends, 0, -1] },
  log1p: { at: [...positive, 1e-4, -1e-4, -0.5, 0], beyond: [...ends, -1, -2], near: tiny },
  sqrt: { at: [0, ...positive, 4, 9], beyond: [...ends, -1, -0.001] },
  sin: { at: line, beyond: ends, near: tiny, far: [10, -25.5, 100, 355] },
  cos: { at: line, beyond: ends, far: [10, -25.5, 100, 355] },
  tan: { at: line.filter((x) => Math.abs(x) !== 1.5), beyond: ends, far: [10, -25.5, 100] },
  asin: { at: unit, beyond: [...ends, 1.5, -2] },
  acos: { at: unit, beyond: [...ends, 1.5, -2] },
  atan: { at: [...line, 1000, -1000], beyond: ends },
  sinh: { at: [...line, 8, -8], beyond: [...ends, 1000, -1000], near: tiny },
  cosh: { at: [...line, 8, -8], beyond: [...ends, 1000, -1000] },
  tanh: { at: [...line, 20, -100], beyond: ends, near: tiny },
  asinh: { at: [...line, 1000, -1000], beyond: ends, near: tiny },
  acosh: { at: [1, 1.125, 2, 3.5, 100], beyond: [...ends, 0.5, -1] },
  atanh: { at: open, beyond: [...ends, 1, -1, 2], near: tiny },
  erf: { at: [...line, 6.5, -7, 0.84375, 1.25, 2.875], beyond: ends, near: tiny },
};

function unaryCases(name: FloatFunction): readonly Case[] {
  const { at, beyond, near, far } = rows[name];
  const f = (x: Tensor): Tensor => apply(floatFunctions[name], [x], {}).output;
  return [
    ...floats.map((dtype) => unaryCase(dtype, dtype, at, f)),
    ...floats.map((dtype) =>
      unaryCase(`${dtype}, beyond the domain`, dtype, beyond, f, { traits: ["nonFinite"] }),
    ),
    unaryShapes("f32", at, f),
    ...(["f64", "f32"] as const).flatMap((dtype) => [
      ...(near ? [unaryCase(`${dtype}, near zero`, dtype, near, f)] : []),
      ...(far ? [unaryCase(`${dtype}, far from zero`, dtype, far, f)] : []),
    ]),
  ];
}

const angles = [-2.5, -1, -0.125, 0.25, 1, 3];

export const transcendentalCases: { readonly [N in Transcendental]: readonly Case[] } = {
  ...forFloatFunctions(unaryCases),
  sqrt: [
    ...unaryCases("sqrt"),
    unaryCase("f32, of −0", "f32", [-0, 0], (x) => x.sqrt(), { traits: ["signedZero"] }),
  ],
  atan2: [
    ...floats.map((dtype) => pairCase(`${dtype}, four quadrants`, dtype, angles, angles, atan2)),
    pairCase("f32, on the axes", "f32", [0, 1, -1], [2, -2], atan2),
    pairCase(
      "f32, zeros of both signs and infinities",
      "f32",
      [0, -0, 1, Infinity, NaN],
      [0, -0, -1, -Infinity],
      atan2,
      {
        traits: ["nonFinite", "signedZero"],
      },
    ),
    binaryShapes("f32", angles, angles, atan2),
  ],
};
