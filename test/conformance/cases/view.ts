import { type DType, type Tensor, concat, constant, valueOf } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Case, make } from "../case.ts";
import { all, filledWith, labelled, random } from "../samples.ts";

type Unwindowed = Exclude<NameOf<"view">, "window" | "windowSum">;

/** The same movement of every dtype's elements. */
const everyDtype = (shape: readonly number[], f: (x: Tensor) => Tensor): readonly Case[] =>
  all.map((dtype: DType) => make(dtype, { x: labelled(dtype, shape) }, ({ x }) => f(x)));

const box = labelled("f32", [3, 4, 5]);

const permutations = [
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

export const viewCases: { readonly [N in Unwindowed]: readonly Case[] } = {
  reshape: [
    ...everyDtype([2, 6], (x) => x.reshape([3, 4])),
    make(
      "f32, every rank",
      { x: labelled("f32", [2, 3, 4]), one: labelled("f32", [1, 1]) },
      ({ x, one }) => ({
        flat: x.reshape([-1]),
        more: x.reshape([2, 1, 3, 2, 2]),
        scalar: one.reshape([]),
        vector: one.reshape([]).reshape([1]),
      }),
    ),
    make("f32, no elements", { x: labelled("f32", [2, 0, 3]) }, ({ x }) => ({
      a: x.reshape([0]),
      b: x.reshape([3, 0, 7]),
    })),
    make("f32, of a transposed tensor", { x: box }, ({ x }) => x.transpose([1, 0, 2]).reshape([2, 30])),
  ],
  transpose: [
    ...everyDtype([3, 5], (x) => x.transpose()),
    ...permutations.map((permutation) =>
      make(`f32, axes ${permutation.join(" ")}`, { x: box }, ({ x }) => x.transpose(permutation)),
    ),
    make("f32, four axes", { x: labelled("f32", [2, 3, 4, 5]) }, ({ x }) => ({
      channelsLast: x.transpose([0, 2, 3, 1]),
      twice: x.transpose([3, 1, 2, 0]).transpose([1, 0, 3, 2]),
    })),
    make(
      "f32, axes of one and none",
      { one: labelled("f32", [1, 4, 1]), none: labelled("f32", [2, 0, 3]) },
      ({ one, none }) => ({
        one: one.transpose([2, 1, 0]),
        none: none.transpose([2, 0, 1]),
      }),
    ),
    make("f32, larger than a tile", { x: random("f32", [67, 41], 3) }, ({ x }) => x.transpose()),
  ],
  broadcast: [
    ...everyDtype([3, 1], (x) => x.broadcast([2, 3, 4])),
    make(
      "f32, from a scalar, along each side, to none",
      {
        s: labelled("f32", []),
        row: labelled("f32", [4]),
        column: labelled("f32", [3, 1]),
        one: labelled("f32", [1, 1]),
      },
      ({ s, row, column, one }) => ({
        scalar: s.broadcast([3, 4]),
        row: row.broadcast([3, 4]),
        column: column.broadcast([3, 4]),
        both: one.broadcast([3, 4]),
        lead: row.broadcast([2, 1, 4]),
        none: column.broadcast([3, 0]),
      }),
    ),
  ],
  slice: [
    ...everyDtype([4, 5], (x) =>
      x.slice([
        { start: 1, end: 3 },
        { start: 1, step: 2 },
      ]),
    ),
    make("f32, starts, ends, steps", { x: box }, ({ x }) => ({
      fromEnd: x.slice([{ start: -2 }, { end: -1 }]),
      steps: x.slice([{ step: 2 }, { step: 3 }, { start: 1, step: 2 }]),
      one: x.slice([
        { start: 2, end: 3 },
        { start: 3, end: 4 },
        { start: 4, end: 5 },
      ]),
      clamped: x.slice([undefined, { start: -100, end: 100, step: 3 }]),
      none: x.slice([undefined, { start: 3, end: 2 }]),
      ofSlice: x.slice([undefined, { start: 1, step: 2 }]).slice([{ start: 1 }, { start: 1 }]),
    })),
    make("f32, no elements", { x: labelled("f32", [0, 4]) }, ({ x }) =>
      x.slice([undefined, { start: 1, end: 3 }]),
    ),
  ],
  pad: [
    ...everyDtype([2, 3], (x) => x.pad({ low: [1, 0], high: [0, 2] })),
    make(
      "f32, each side and between",
      { x: labelled("f32", [2, 3]), filler: valueOf("f32", [], [9.5]) },
      ({ x, filler }) => ({
        low: x.pad({ low: [2, 1] }),
        high: x.pad({ high: [1, 2], value: -1 }),
        interior: x.pad({ interior: [1, 2] }),
        all: x.pad({ low: [1, 2], high: [3, 0], interior: [2, 1], value: filler }),
        computed: x.pad({ low: [1, 0], value: x.reduceSum() }),
      }),
    ),
    make("f32, no elements", { x: labelled("f32", [0, 2]) }, ({ x }) => ({
      filled: x.pad({ low: [2, 0], high: [1, 1], interior: [3, 1], value: 4 }),
      none: x.pad({ high: [0, 1] }),
    })),
    make(
      "f32, fillers of NaN and infinity",
      { x: labelled("f32", [2]) },
      ({ x }) => ({ nan: x.pad({ low: [1], value: NaN }), infinity: x.pad({ high: [1], value: -Infinity }) }),
      {
        traits: ["nonFinite"],
      },
    ),
  ],
  concat: [
    ...all.map((dtype) =>
      make(dtype, { a: labelled(dtype, [2, 3]), b: filledWith(dtype, [2, 2]) }, ({ a, b }) =>
        concat([a, b], 1),
      ),
    ),
    make("f32, each axis", { a: labelled("f32", [2, 3, 4]), b: random("f32", [2, 3, 4], 2) }, ({ a, b }) => ({
      first: concat([a, b], 0),
      middle: concat([a, b], 1),
      last: concat([b, a], -1),
    })),
    make(
      "f32, three pieces of different sizes, one empty, one twice",
      { a: labelled("f32", [1, 3]), b: labelled("f32", [4, 3]), none: labelled("f32", [0, 3]) },
      ({ a, b, none }) => concat([a, none, b, a], 0),
    ),
    make(
      "f32, of empty pieces and of scalars",
      { none: labelled("f32", [0, 3]), s: labelled("f32", []) },
      ({ none, s }) => ({
        none: concat([none, none], 0),
        scalars: concat([s.reshape([1]), constant([7, 8])], 0),
      }),
    ),
  ],
  flip: [
    ...everyDtype([2, 3], (x) => x.flip([1])),
    make("f32, each axis and all", { x: box }, ({ x }) => ({
      first: x.flip([0]),
      middle: x.flip([1]),
      last: x.flip([-1]),
      two: x.flip([0, 2]),
      all: x.flip([0, 1, 2]),
    })),
    make(
      "f32, one and none",
      { one: labelled("f32", [1, 3]), none: labelled("f32", [2, 0]) },
      ({ one, none }) => ({ one: one.flip([0]), none: none.flip([0, 1]) }),
    ),
  ],
};
