import { readFileSync } from "node:fs";
import { atan2, constant, floatFunctions, pow } from "@adjoint/ir";
import { type FloatFunction, apply, evaluateTensors } from "@adjoint/ir/graph";
import { type TensorValue, toNumbers, valueOf } from "@adjoint/ir/values";
import { describe, expect, it } from "vitest";
import type { BinaryMath, UnaryMath } from "../src/math/functions.ts";
import { relaxed } from "./relaxed.ts";
import { type Precision, compiled, ulpError } from "./ulp.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
/**
 * Largest errors in units in the last place, as the README's table promises them for all arguments. The oracle's functions are
 * the host's, whose own errors of up to 1 ulp of f64 the f64 bounds allow for; they were measured against 140-bit references.
 */
const bounds = new Map(
  [...readme.matchAll(/^\| (\w+) \| ([\d.]+) \| ([\d.]+) \|$/gm)].map(([, name = "", f32, f64]) => [
    name,
    { f32: Number(f32), f64: Number(f64) },
  ]),
);
/** A function that the table lacks has to be exact. */
const boundOf = (name: string, precision: Precision): number => bounds.get(name)?.[precision] ?? 0;

// The keys are the names that the table's type has.
const unaryNames = (Object.keys(floatFunctions) as FloatFunction[]).filter(
  (name): name is UnaryMath => name !== "sqrt",
);
const binaryFunctions = { pow, atan2 } satisfies { readonly [N in BinaryMath]: unknown };
// As above.
const binaryNames = Object.keys(binaryFunctions) as BinaryMath[];

const doubles = (data: ArrayLike<number>): TensorValue => valueOf("f64", [data.length], Array.from(data));

/** The oracle's results in f64. */
function expectedOf(name: UnaryMath | BinaryMath, [x, y]: readonly ArrayLike<number>[]): readonly number[] {
  const [a, b] = [x ?? [], y ?? []].map((data) => constant(doubles(data)));
  if (a === undefined || b === undefined) return [];
  const result =
    name === "pow" || name === "atan2"
      ? binaryFunctions[name](a, b)
      : apply(floatFunctions[name], [a], {}).output;
  return evaluateTensors([result], new Map()).flatMap(toNumbers);
}

/** Ranges for a function that has none of its own below. */
const everyday = [
  [-1, 1],
  [-30, 30],
  [-750, 750],
] as const;

/** Ranges in which a function does its work, beside all exponents. */
const ranges: { readonly [N in UnaryMath]?: readonly (readonly [number, number])[] } = {
  exp: [
    [-105, 90],
    [-1, 1],
    [-750, 712],
  ],
  expm1: [
    [-20, 90],
    [-1, 1],
    [-40, 712],
  ],
  log: [
    [0.5, 2],
    [0, 1e-37],
    [0, 1000],
  ],
  log1p: [
    [-1, 1],
    [-0.1, 0.1],
    [0, 1000],
  ],
  sin: [
    [-10, 10],
    [-1e5, 1e5],
    [-2e6, 2e6],
  ],
  cos: [
    [-10, 10],
    [-1e5, 1e5],
    [-2e6, 2e6],
  ],
  tan: [
    [-10, 10],
    [-1e5, 1e5],
    [-2e6, 2e6],
  ],
  asin: [
    [-1, 1],
    [0.49, 0.51],
  ],
  acos: [
    [-1, 1],
    [0.49, 0.51],
    [0.99, 1],
  ],
  atan: [
    [-3, 3],
    [-100, 100],
  ],
  sinh: [
    [-1, 1],
    [-90, 90],
    [-711, 711],
  ],
  cosh: [
    [-1, 1],
    [-90, 90],
    [-711, 711],
  ],
  tanh: [
    [-1, 1],
    [-10, 10],
    [-23, 23],
  ],
  asinh: [
    [-1, 1],
    [-100, 100],
  ],
  acosh: [
    [1, 1.1],
    [1, 100],
  ],
  atanh: [
    [-1, 1],
    [0.99, 1],
  ],
  erf: [
    [-1, 1],
    [-4.2, 4.2],
    [-6.2, 6.2],
  ],
};

let seed = 1;
/** A fixed sequence of numbers from 0 to 1. */
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  Infinity,
  -Infinity,
  NaN,
  2 ** -149,
  -(2 ** -149),
  2 ** -126,
  2 ** -1074,
  2 ** -1022,
  3.4028234663852886e38,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  88.72283,
  88.73,
  -87.4,
  -103.9,
  -104.1,
  709.78,
  709.79,
  -745.13,
  -745.2,
  0.5,
  2,
  Math.PI,
  Math.PI / 2,
  1e5,
  1e10,
  1e22,
  16777216,
  5.319372648326541e255,
  6381956970095103 * 2 ** 797,
];

/** Every exponent with some mantissas, both signs; then the ranges, evenly at random; then what is special. */
function samples(
  precision: Precision,
  within: readonly (readonly [number, number])[],
  dense: number,
): number[] {
  const points = [...SPECIAL];
  const [low, high] = precision === "f32" ? [-149, 127] : [-1074, 1023];
  for (let exponent = low; exponent <= high; exponent++)
    for (let index = 0; index < (precision === "f32" ? 24 : 6); index++)
      points.push((1 + random()) * 2 ** exponent * (index % 2 === 0 ? 1 : -1));
  for (const [from, to] of within)
    for (let index = 0; index < dense; index++) points.push(from + (to - from) * random());
  while (points.length % 4 !== 0) points.push(1);
  return points;
}

interface Worst {
  readonly ulp: number;
  readonly at: string;
}

function worst(
  precision: Precision,
  actual: ArrayLike<number>,
  inputs: readonly ArrayLike<number>[],
  references: readonly number[],
): Worst {
  let found: Worst = { ulp: -1, at: "" };
  for (let index = 0; index < actual.length; index++) {
    const expected = references[index] ?? NaN;
    const ulp = ulpError(actual[index] ?? NaN, expected, precision);
    if (ulp <= found.ulp) continue;
    const point = inputs.map((input) => input[index] ?? NaN);
    found = { ulp, at: `(${point.join(", ")}) gave ${actual[index]}, not ${expected}` };
  }
  return found;
}

const variants = relaxed ? [false, true] : [false];
const precisions = ["f32", "f64"] as const;
/** The oracle is right to 1 ulp of f64. */
const slack = { f32: 0, f64: 1 };
const array = { f32: Float32Array, f64: Float64Array };

it("the README's table has the functions that there are", () => {
  expect([...bounds.keys()].toSorted()).toEqual([...unaryNames, ...binaryNames].toSorted());
});

describe.each(precisions)("%s", (precision) => {
  describe.each(variants)("fused: %s", (fused) => {
    it.each(unaryNames)("%s", (name) => {
      const x = new array[precision](samples(precision, ranges[name] ?? everyday, 12000));
      const found = worst(precision, compiled(name, precision, fused)(x), [x], expectedOf(name, [x]));
      expect(found).toEqual({
        at: found.at,
        ulp: expect.toSatisfy((ulp: number) => ulp <= boundOf(name, precision) + slack[precision]),
      });
    });
    it.each(binaryNames)("%s", (name) => {
      const points: [number, number][] = SPECIAL.flatMap((a) =>
        [...SPECIAL, 3, -3, 0.25, 2 ** 60].map((b): [number, number] => [a, b]),
      );
      const far = precision === "f32" ? 80 : 600;
      for (let index = 0; index < 20000; index++) {
        const base = 2 ** ((random() - 0.5) * (index % 2 === 0 ? 2 : far));
        points.push([base, ((random() - 0.5) * far) / Math.max(Math.abs(Math.log(base)), 0.001)]);
        points.push([(random() - 0.5) * 8, Math.round((random() - 0.5) * 40)]);
        points.push([(random() - 0.5) * 8, (random() - 0.5) * 8]);
      }
      while (points.length % 4 !== 0) points.push([1, 1]);
      const [a, b] = [
        new array[precision](points.map((p) => p[0])),
        new array[precision](points.map((p) => p[1])),
      ];
      const found = worst(
        precision,
        compiled(name, precision, fused)(a, b),
        [a, b],
        expectedOf(name, [a, b]),
      );
      expect(found).toEqual({
        at: found.at,
        ulp: expect.toSatisfy((ulp: number) => ulp <= boundOf(name, precision) + slack[precision]),
      });
    });
  });
});
