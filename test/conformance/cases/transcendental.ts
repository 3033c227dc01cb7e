import { type NameOf, atan2, type Tensor } from "@adjoint/ir";
import type { Case } from "../case.ts";
import { floats } from "../samples.ts";
import { binaryShapes, pairCase, unaryCase, unaryShapes } from "./elementwise.ts";

export type Transcendental = Extract<
  NameOf<"map">,
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sqrt"
  | "sin"
  | "cos"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "sinh"
  | "cosh"
  | "tanh"
  | "asinh"
  | "acosh"
  | "atanh"
  | "erf"
  | "atan2"
>;

const line = [-3, -1.5, -1, -0.625, -0.25, -0.01, 0, 0.001, 0.125, 0.5, 0.75, 1, 1.25, 2, 4.5];
const unit = [-1, -0.875, -0.5, -0.1, 0, 0.01, 0.25, 0.625, 0.9375, 1];
const open = unit.filter((x) => Math.abs(x) < 1);
const positive = [0.001, 0.1, 0.5, 0.75, 1, 1.5, 2, 10, 1000];

interface Row {
  readonly f: (x: Tensor) => Tensor;
  /** Arguments with finite results in every float type. */
  readonly at: readonly number[];
  /** Ends of the domain and beyond it. */
  readonly beyond: readonly number[];
}

const ends = [NaN, Infinity, -Infinity];

const rows: { readonly [N in Exclude<Transcendental, "atan2">]: Row } = {
  exp: { f: (x) => x.exp(), at: [...line, 10, -10], beyond: [...ends, 1000, -1000] },
  expm1: { f: (x) => x.expm1(), at: [...line, 1e-4, -1e-4, -10], beyond: [...ends, 1000, -1000] },
  log: { f: (x) => x.log(), at: positive, beyond: [...ends, 0, -1] },
  log1p: { f: (x) => x.log1p(), at: [...positive, 1e-4, -1e-4, -0.5, 0], beyond: [...ends, -1, -2] },
  sqrt: { f: (x) => x.sqrt(), at: [0, ...positive, 4, 9], beyond: [...ends, -1, -0.001] },
  sin: { f: (x) => x.sin(), at: line, beyond: ends },
  cos: { f: (x) => x.cos(), at: line, beyond: ends },
  tan: { f: (x) => x.tan(), at: line.filter((x) => Math.abs(x) !== 1.5), beyond: ends },
  asin: { f: (x) => x.asin(), at: unit, beyond: [...ends, 1.5, -2] },
  acos: { f: (x) => x.acos(), at: unit, beyond: [...ends, 1.5, -2] },
  atan: { f: (x) => x.atan(), at: [...line, 1000, -1000], beyond: ends },
  sinh: { f: (x) => x.sinh(), at: [...line, 8, -8], beyond: [...ends, 1000, -1000] },
  cosh: { f: (x) => x.cosh(), at: [...line, 8, -8], beyond: [...ends, 1000, -1000] },
  tanh: { f: (x) => x.tanh(), at: [...line, 20, -100], beyond: ends },
  asinh: { f: (x) => x.asinh(), at: [...line, 1000, -1000], beyond: ends },
  acosh: { f: (x) => x.acosh(), at: [1, 1.125, 2, 3.5, 100], beyond: [...ends, 0.5, -1] },
  atanh: { f: (x) => x.atanh(), at: open, beyond: [...ends, 1, -1, 2] },
  erf: { f: (x) => x.erf(), at: [...line, 6.5, -7, 0.84375, 1.25, 2.875], beyond: ends },
};

/** Small arguments, where eˣ − 1 and its kind cancel if written out. */
const tiny = [1e-8, -1e-8, 1e-5, -3e-6, 2e-12];

const cancelling: { readonly [name: string]: readonly number[] } = {
  expm1: tiny,
  log1p: tiny,
  sinh: tiny,
  tanh: tiny,
  asinh: tiny,
  atanh: tiny,
  erf: tiny,
  sin: tiny,
};

/** Far arguments, where the range must be reduced with care. */
const far: { readonly [name: string]: readonly number[] } = {
  sin: [10, -25.5, 100, 355],
  cos: [10, -25.5, 100, 355],
  tan: [10, -25.5, 100],
  exp: [-80, 80, 30.5],
};

const unaryCases = ({ f, at, beyond }: Row, name: string): readonly Case[] => [
  ...floats.map((dtype) => unaryCase(dtype, dtype, at, f)),
  ...floats.map((dtype) =>
    unaryCase(`${dtype}, beyond the domain`, dtype, beyond, f, { traits: ["nonFinite"] }),
  ),
  unaryShapes("f32", at, f),
  ...(["f64", "f32"] as const).flatMap((dtype) => [
    ...(cancelling[name] ? [unaryCase(`${dtype}, near zero`, dtype, cancelling[name], f)] : []),
    ...(far[name] ? [unaryCase(`${dtype}, far from zero`, dtype, far[name], f)] : []),
  ]),
];

const angles = [-2.5, -1, -0.125, 0.25, 1, 3];

export const transcendentalCases: { readonly [N in Transcendental]: readonly Case[] } = {
  exp: unaryCases(rows.exp, "exp"),
  expm1: unaryCases(rows.expm1, "expm1"),
  log: unaryCases(rows.log, "log"),
  log1p: unaryCases(rows.log1p, "log1p"),
  sqrt: [
    ...unaryCases(rows.sqrt, "sqrt"),
    unaryCase("f32, of −0", "f32", [-0, 0], rows.sqrt.f, { traits: ["signedZero"] }),
  ],
  sin: unaryCases(rows.sin, "sin"),
  cos: unaryCases(rows.cos, "cos"),
  tan: unaryCases(rows.tan, "tan"),
  asin: unaryCases(rows.asin, "asin"),
  acos: unaryCases(rows.acos, "acos"),
  atan: unaryCases(rows.atan, "atan"),
  sinh: unaryCases(rows.sinh, "sinh"),
  cosh: unaryCases(rows.cosh, "cosh"),
  tanh: unaryCases(rows.tanh, "tanh"),
  asinh: unaryCases(rows.asinh, "asinh"),
  acosh: unaryCases(rows.acosh, "acosh"),
  atanh: unaryCases(rows.atanh, "atanh"),
  erf: unaryCases(rows.erf, "erf"),
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
