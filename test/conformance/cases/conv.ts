import {
  type ConvOptions,
  type DType,
  type TensorValue,
  conv,
  convTranspose,
  convWeight,
  isFloat,
} from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Case, make } from "../case.ts";
import { filledWith, integerSample, numeric, random } from "../samples.ts";

const transposes = { convTranspose, convWeight };

interface Geometry extends ConvOptions {
  readonly x: readonly number[];
  readonly w: readonly number[];
}

/** Every option of a convolution, alone and together, over one, two and three axes. */
const geometries: { readonly [name: string]: Geometry } = {
  "1-d": { x: [2, 3, 9], w: [4, 3, 3] },
  "1-d, strided, dilated, padded unevenly": {
    x: [2, 3, 11],
    w: [4, 3, 3],
    strides: [2],
    dilations: [2],
    padLow: [3],
    padHigh: [1],
  },
  "1-d, stride beyond the kernel": { x: [1, 2, 12], w: [3, 2, 2], strides: [5] },
  "2-d": { x: [2, 3, 6, 7], w: [4, 3, 3, 3] },
  "2-d, same padding": { x: [1, 2, 5, 6], w: [3, 2, 3, 3], padLow: [1, 1], padHigh: [1, 1] },
  "2-d, strided": { x: [2, 2, 8, 9], w: [3, 2, 3, 2], strides: [2, 3] },
  "2-d, strided with a rest": {
    x: [1, 2, 8, 8],
    w: [2, 2, 3, 3],
    strides: [2, 2],
    padLow: [1, 0],
    padHigh: [0, 0],
  },
  "2-d, dilated": { x: [1, 2, 9, 9], w: [3, 2, 3, 2], dilations: [2, 4] },
  "2-d, padded unevenly": { x: [1, 2, 4, 5], w: [2, 2, 3, 3], padLow: [2, 0], padHigh: [0, 3] },
  "2-d, padding beyond the kernel": { x: [1, 1, 2, 2], w: [1, 1, 2, 2], padLow: [3, 2], padHigh: [2, 3] },
  "2-d, groups": { x: [2, 6, 5, 5], w: [4, 3, 3, 3], groups: 2 },
  "2-d, depthwise": { x: [1, 4, 6, 5], w: [4, 1, 3, 3], groups: 4, padLow: [1, 1], padHigh: [1, 1] },
  "2-d, depthwise with a multiplier": { x: [1, 3, 5, 5], w: [6, 1, 2, 2], groups: 3 },
  "2-d, kernel of one": { x: [2, 5, 3, 4], w: [7, 5, 1, 1] },
  "2-d, kernel as large as the input": { x: [3, 2, 4, 5], w: [6, 2, 4, 5] },
  "2-d, everything": {
    x: [2, 4, 10, 9],
    w: [6, 2, 3, 2],
    strides: [2, 1],
    dilations: [1, 3],
    padLow: [1, 2],
    padHigh: [2, 0],
    groups: 2,
  },
  "3-d": { x: [1, 2, 4, 5, 6], w: [3, 2, 2, 3, 2] },
  "3-d, everything": {
    x: [2, 4, 5, 6, 4],
    w: [2, 2, 3, 2, 2],
    strides: [2, 1, 2],
    dilations: [1, 2, 1],
    padLow: [1, 0, 1],
    padHigh: [0, 1, 1],
    groups: 2,
  },
  "2-d, no examples": { x: [0, 2, 5, 5], w: [3, 2, 3, 3] },
  "2-d, odd sizes": { x: [1, 5, 13, 11], w: [9, 5, 5, 3], padLow: [2, 1], padHigh: [2, 1] },
};

const spatial = ({ x, w, strides, dilations, padLow, padHigh }: Geometry): number[] =>
  x.slice(2).map((extent, axis) => {
    const span = ((w[axis + 2] ?? 1) - 1) * (dilations?.[axis] ?? 1) + 1;
    const room = extent + (padLow?.[axis] ?? 0) + (padHigh?.[axis] ?? 0) - span;
    return Math.floor(room / (strides?.[axis] ?? 1)) + 1;
  });

const outputOf = (geometry: Geometry): number[] => [
  geometry.x[0] ?? 0,
  geometry.w[0] ?? 0,
  ...spatial(geometry),
];

type Role = "x" | "w" | "g";
const shapeOf = (geometry: Geometry, role: Role): readonly number[] =>
  role === "g" ? outputOf(geometry) : geometry[role];

const value = (dtype: DType, shape: readonly number[], seed: number): TensorValue =>
  isFloat(dtype) ? random(dtype, shape, seed) : filledWith(dtype, shape, integerSample(dtype));

function family(
  primitive: NameOf<"contract"> & `conv${string}`,
  given: readonly [Role, Role],
): readonly Case[] {
  const one = (name: string, dtype: DType, geometry: Geometry): Case => {
    const { x, w, ...options } = geometry;
    return make(
      name,
      { a: value(dtype, shapeOf(geometry, given[0]), 31), b: value(dtype, shapeOf(geometry, given[1]), 32) },
      ({ a, b }) =>
        primitive === "conv"
          ? conv(a, b, options)
          : transposes[primitive](a, b, {
              ...options,
              extents: (primitive === "convTranspose" ? x : w).slice(2),
            }),
      { tolerance: { times: 4, ofMean: true } },
    );
  };
  return [
    ...numeric.map((dtype) =>
      one(dtype, dtype, {
        x: [2, 3, 5, 6],
        w: [4, 3, 3, 2],
        strides: [2, 1],
        padLow: [1, 0],
        padHigh: [0, 1],
      }),
    ),
    ...Object.entries(geometries).map(([name, geometry]) => one(`f32, ${name}`, "f32", geometry)),
    one("f64, 1-d", "f64", { x: [1, 2, 7], w: [3, 2, 3] }),
  ];
}

/** The kernels that follow read along some of the positions, which the operands have as one axis. */
const alongRows = make(
  "f32, kernel of one with a bias for each row",
  { x: random("f32", [2, 5, 6, 9], 1), w: random("f32", [7, 5, 1, 1], 2), bias: random("f32", [6, 1], 3) },
  ({ x, w, bias }) => conv(x, w).add(bias),
  { tolerance: { times: 4, ofMean: true } },
);

export const convCases: { readonly [N in Exclude<NameOf<"contract">, "dotGeneral">]: readonly Case[] } = {
  conv: [...family("conv", ["x", "w"]), alongRows],
  convTranspose: family("convTranspose", ["g", "w"]),
  convWeight: family("convWeight", ["x", "g"]),
};
