import { atan2 } from "@adjoint/ir";
import type { FloatFunction } from "@adjoint/ir/graph";
import { type Example, type Examples, example, tensor, value } from "./example.ts";
import { forFloatFunctions } from "./float-functions.ts";
import { type GradientRows, unaryTrial } from "./trial.ts";

/** Values from tables of functions, to an ulp or two. */
const known = (name: FloatFunction, at: readonly number[], are: readonly number[]): readonly Example[] => [
  example("gives the values of tables in f64", () => tensor("f64", at)[name](), value("f64", are), 4e-16),
  example("rounds them once to f32", () => tensor("f32", at)[name](), value("f32", are), 1.2e-7),
];

/** All that this package's tests have to know of a function. */
interface Row {
  readonly examples: readonly Example[];
  /** Arguments at which derivatives are compared with differences: away from poles and ends. */
  readonly smooth: readonly [low: number, high: number];
  /** What it does to the last bits of its operand. */
  readonly behaviour: "rounds" | "steep";
}

const rows: { readonly [N in FloatFunction]: Row } = {
  exp: {
    examples: [
      ...known(
        "exp",
        [0, 1, -1, -Infinity, Infinity, 1000],
        [1, Math.E, 0.36787944117144233, 0, Infinity, Infinity],
      ),
      example("rounds once to f16", () => tensor("f16", [1, 12]).exp(), value("f16", [2.71875, Infinity])),
      example("rounds once to bf16", () => tensor("bf16", [1, 12]).exp(), value("bf16", [2.71875, 162816])),
    ],
    smooth: [-1.5, 1.5],
    behaviour: "rounds",
  },
  expm1: {
    examples: known("expm1", [0, 2 ** -34, 1, -Infinity], [0, 5.820766091516147e-11, 1.718281828459045, -1]),
    smooth: [-1.5, 1.5],
    behaviour: "rounds",
  },
  log: {
    examples: known("log", [1, 10, 0, -1, Infinity], [0, Math.LN10, -Infinity, NaN, Infinity]),
    smooth: [0.3, 3],
    behaviour: "steep",
  },
  log1p: {
    examples: known("log1p", [0, 2 ** -34, -1, -2], [0, 5.820766091177334e-11, -Infinity, NaN]),
    smooth: [-0.6, 3],
    behaviour: "steep",
  },
  sqrt: {
    examples: [
      ...known("sqrt", [4, 2, 0, -1], [2, Math.SQRT2, 0, NaN]),
      example("keeps the sign of zero", () => tensor("f64", [-0]).sqrt(), value("f64", [-0])),
    ],
    smooth: [0.3, 3],
    behaviour: "steep",
  },
  sin: {
    examples: known("sin", [0, 1, 0.5, Infinity], [0, 0.8414709848078965, 0.479425538604203, NaN]),
    smooth: [-5, 5],
    behaviour: "rounds",
  },
  cos: {
    examples: known("cos", [0, 1, 0.5, -Infinity], [1, 0.5403023058681398, 0.8775825618903728, NaN]),
    smooth: [-5, 5],
    behaviour: "rounds",
  },
  tan: {
    examples: known("tan", [0, 1, -1, Infinity], [0, 1.5574077246549023, -1.5574077246549023, NaN]),
    smooth: [-1, 1],
    behaviour: "steep",
  },
  asin: {
    examples: known("asin", [0, 0.5, 1, 2], [0, 0.5235987755982989, 1.5707963267948966, NaN]),
    smooth: [-0.8, 0.8],
    behaviour: "steep",
  },
  acos: {
    examples: known("acos", [1, 0.5, -1, 2], [0, 1.0471975511965979, Math.PI, NaN]),
    smooth: [-0.8, 0.8],
    behaviour: "steep",
  },
  atan: {
    examples: known("atan", [0, 1, Infinity], [0, 0.7853981633974483, 1.5707963267948966]),
    smooth: [-3, 3],
    behaviour: "rounds",
  },
  sinh: {
    examples: known("sinh", [0, 1, -1], [0, 1.1752011936438014, -1.1752011936438014]),
    smooth: [-1.5, 1.5],
    behaviour: "rounds",
  },
  cosh: {
    examples: known("cosh", [0, 1, -1], [1, 1.5430806348152437, 1.5430806348152437]),
    smooth: [-1.5, 1.5],
    behaviour: "rounds",
  },
  tanh: {
    examples: known("tanh", [0, 1, 50, -Infinity], [0, 0.7615941559557649, 1, -1]),
    smooth: [-1.5, 1.5],
    behaviour: "rounds",
  },
  asinh: {
    examples: known("asinh", [0, 1, -1], [0, 0.881373587019543, -0.881373587019543]),
    smooth: [-3, 3],
    behaviour: "rounds",
  },
  acosh: {
    examples: known("acosh", [1, 2, 0.5], [0, 1.3169578969248166, NaN]),
    smooth: [1.5, 4],
    behaviour: "steep",
  },
  atanh: {
    examples: known("atanh", [0, 0.5, 1, 2], [0, 0.5493061443340549, Infinity, NaN]),
    smooth: [-0.7, 0.7],
    behaviour: "steep",
  },
  // A point in each range of the approximation. Source: Abramowitz and Stegun, table 7.1.
  erf: {
    examples: known(
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
    smooth: [-2, 2],
    behaviour: "rounds",
  },
};

export const floatGradients: GradientRows<FloatFunction> = forFloatFunctions((name) =>
  unaryTrial((x) => x[name](), ...rows[name].smooth),
);

export const floatBehaviours: { readonly [N in FloatFunction]: Row["behaviour"] } = forFloatFunctions(
  (name) => rows[name].behaviour,
);

/** Functions with arguments at which they are smooth. */
export const smoothRanges: { readonly [N in FloatFunction]: Row["smooth"] } = forFloatFunctions(
  (name) => rows[name].smooth,
);

export const transcendentalExamples: Examples<FloatFunction | "atan2"> = {
  ...forFloatFunctions((name) => rows[name].examples),
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
