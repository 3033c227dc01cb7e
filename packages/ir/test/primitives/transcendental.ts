import { type NameOf, atan2 } from "@adjoint/ir";
import { type Example, type Examples, example, tensor, value } from "./example.ts";

type Transcendental = Extract<
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
>;

/** Values from tables of functions, to an ulp or two. */
const known = (name: Transcendental, at: readonly number[], are: readonly number[]): readonly Example[] => [
  example("gives the values of tables in f64", () => tensor("f64", at)[name](), value("f64", are), 4e-16),
  example("rounds them once to f32", () => tensor("f32", at)[name](), value("f32", are), 1.2e-7),
];

export const transcendentalExamples: Examples<Transcendental | "atan2"> = {
  exp: [
    ...known(
      "exp",
      [0, 1, -1, -Infinity, Infinity, 1000],
      [1, Math.E, 0.36787944117144233, 0, Infinity, Infinity],
    ),
    example("rounds once to f16", () => tensor("f16", [1, 12]).exp(), value("f16", [2.71875, Infinity])),
    example("rounds once to bf16", () => tensor("bf16", [1, 12]).exp(), value("bf16", [2.71875, 162816])),
  ],
  expm1: known("expm1", [0, 2 ** -34, 1, -Infinity], [0, 5.820766091516147e-11, 1.718281828459045, -1]),
  log: known("log", [1, 10, 0, -1, Infinity], [0, Math.LN10, -Infinity, NaN, Infinity]),
  log1p: known("log1p", [0, 2 ** -34, -1, -2], [0, 5.820766091177334e-11, -Infinity, NaN]),
  sqrt: [
    ...known("sqrt", [4, 2, 0, -1], [2, Math.SQRT2, 0, NaN]),
    example("keeps the sign of zero", () => tensor("f64", [-0]).sqrt(), value("f64", [-0])),
  ],
  sin: known("sin", [0, 1, 0.5, Infinity], [0, 0.8414709848078965, 0.479425538604203, NaN]),
  cos: known("cos", [0, 1, 0.5, -Infinity], [1, 0.5403023058681398, 0.8775825618903728, NaN]),
  tan: known("tan", [0, 1, -1, Infinity], [0, 1.5574077246549023, -1.5574077246549023, NaN]),
  asin: known("asin", [0, 0.5, 1, 2], [0, 0.5235987755982989, 1.5707963267948966, NaN]),
  acos: known("acos", [1, 0.5, -1, 2], [0, 1.0471975511965979, Math.PI, NaN]),
  atan: known("atan", [0, 1, Infinity], [0, 0.7853981633974483, 1.5707963267948966]),
  sinh: known("sinh", [0, 1, -1], [0, 1.1752011936438014, -1.1752011936438014]),
  cosh: known("cosh", [0, 1, -1], [1, 1.5430806348152437, 1.5430806348152437]),
  tanh: known("tanh", [0, 1, 50, -Infinity], [0, 0.7615941559557649, 1, -1]),
  asinh: known("asinh", [0, 1, -1], [0, 0.881373587019543, -0.881373587019543]),
  acosh: known("acosh", [1, 2, 0.5], [0, 1.3169578969248166, NaN]),
  atanh: known("atanh", [0, 0.5, 1, 2], [0, 0.5493061443340549, Infinity, NaN]),
  // A point in each range of the approximation. Source: Abramowitz and Stegun, table 7.1.
  erf: known(
    "erf",
    [0, -0.125, 0.5, 1, 2, 3, 5, 7, -Infinity, NaN],
    [
      0,
      -0.1403162048013338,
      0.5204998778130465,
      0.8427007929497149,
      0.9953222650189527,
      0.9999779095030014,
      0.9999999999984626,
      1,
      -1,
      NaN,
    ],
  ),
  atan2: [
    example(
      "is the angle in all four quadrants and on the axes",
      () => atan2(tensor("f64", [1, 1, -1, -1, 0, -0, 2, -2]), tensor("f64", [1, -1, -1, 1, -1, -1, 0, 0])),
      value("f64", [
        Math.PI / 4,
        (3 * Math.PI) / 4,
        (-3 * Math.PI) / 4,
        -Math.PI / 4,
        Math.PI,
        -Math.PI,
        Math.PI / 2,
        -Math.PI / 2,
      ]),
      4e-16,
    ),
  ],
};
