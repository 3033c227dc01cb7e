import { type Tensor, sort, topK, valueOf } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Case, make } from "../case.ts";
import { filledWith, labelled, numeric, random, randomIntegers, sample } from "../samples.ts";

/** Both outputs of an order, under one name. */
const named = (
  name: string,
  { values, indices }: ReturnType<typeof sort>,
): { readonly [output: string]: Tensor } => ({
  [name]: values,
  [`${name}Places`]: indices,
});

const ties = valueOf("f32", [3, 6], [3, 1, 3, 2, 1, 3, 0, 0, 0, 0, 0, 0, 5, 4, 3, 2, 1, 0]);

export const orderCases: { readonly [N in NameOf<"order">]: readonly Case[] } = {
  sort: sortCases(),
  topK: topKCases(),
};

function sortCases(): readonly Case[] {
  return [
    ...numeric.map((dtype) =>
      make(dtype, { x: filledWith(dtype, [3, 7], sample(dtype)) }, ({ x }) => ({
        ...named("up", sort(x)),
        ...named("down", sort(x, { descending: true })),
      })),
    ),
    make("f32, ties keep their order", { x: ties }, ({ x }) => ({
      ...named("up", sort(x)),
      ...named("down", sort(x, { descending: true })),
    })),
    make("f32, zeros of both signs tie", { x: valueOf("f32", [4], [0, -0, -1, 0]) }, ({ x }) => ({
      places: sort(x).indices,
      down: sort(x, { descending: true }).indices,
    })),
    make("f32, each axis", { x: random("f32", [3, 4, 5], 3) }, ({ x }) => ({
      ...named("first", sort(x, { axis: 0 })),
      ...named("middle", sort(x, { axis: 1 })),
      ...named("last", sort(x)),
    })),
    make(
      "f32, NaN is largest",
      { x: valueOf("f32", [2, 5], [NaN, 1, -Infinity, NaN, Infinity, 2, NaN, 1, NaN, 0]) },
      ({ x }) => ({ ...named("up", sort(x)), ...named("down", sort(x, { descending: true })) }),
      {
        traits: ["nonFinite"],
      },
    ),
    make(
      "f32, one and none",
      { one: labelled("f32", [3, 1]), none: labelled("f32", [2, 0]) },
      ({ one, none }) => ({ ...named("one", sort(one)), ...named("none", sort(none)) }),
    ),
    make("f32, many", { x: random("f32", [2, 301], 9) }, ({ x }) => named("y", sort(x))),
    make("i32, many ties", { x: randomIntegers("i32", [257], 9, 0, 5) }, ({ x }) => named("y", sort(x))),
  ];
}

function topKCases(): readonly Case[] {
  return [
    ...numeric.map((dtype) =>
      make(dtype, { x: filledWith(dtype, [3, 7], sample(dtype)) }, ({ x }) => ({
        ...named("largest", topK(x, 3)),
        ...named("smallest", topK(x, 2, { largest: false })),
      })),
    ),
    make("f32, ties go to the first", { x: ties }, ({ x }) => ({
      ...named("largest", topK(x, 4)),
      ...named("smallest", topK(x, 4, { largest: false })),
    })),
    make("f32, each axis", { x: random("f32", [3, 4, 5], 3) }, ({ x }) => ({
      ...named("first", topK(x, 2, { axis: 0 })),
      ...named("middle", topK(x, 3, { axis: 1 })),
    })),
    make("f32, none, one and all", { x: random("f32", [2, 5], 3) }, ({ x }) => ({
      ...named("none", topK(x, 0)),
      ...named("one", topK(x, 1)),
      ...named("all", topK(x, 5)),
    })),
    make(
      "f32, NaN is largest",
      { x: valueOf("f32", [2, 5], [NaN, 1, -Infinity, NaN, Infinity, 2, NaN, 1, NaN, 0]) },
      ({ x }) => ({ ...named("largest", topK(x, 3)), ...named("smallest", topK(x, 4, { largest: false })) }),
      {
        traits: ["nonFinite"],
      },
    ),
    make("f32, no rows", { x: labelled("f32", [0, 4]) }, ({ x }) => named("y", topK(x, 2))),
    make(
      "f32, the places alone, of computed values",
      { x: random("f32", [4, 33], 5) },
      ({ x }) => topK(x.neg().exp(), 5).indices,
    ),
  ];
}
