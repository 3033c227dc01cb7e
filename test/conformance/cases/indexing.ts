import { type DType, filled, gatherElements, isFloat, scatterElements, valueOf } from "@adjoint/ir";
import type { NameOf, ScatterReduction } from "@adjoint/ir/graph";
import { type Case, make } from "../case.ts";
import { all, filledWith, labelled, numeric, random, randomIntegers } from "../samples.ts";

const places = (elements: readonly number[], shape: readonly number[]) => valueOf("i32", shape, elements);

/** Data of five elements and seven updates, three of which meet at one place and two at another. */
function duplicates(dtype: DType, reduction: ScatterReduction): Case {
  const updates = isFloat(dtype) ? random(dtype, [7], 4, 0.5, 2) : filledWith(dtype, [7]);
  return make(
    `${dtype}, ${reduction}, duplicate indices`,
    { x: filledWith(dtype, [5]), i: places([3, 0, 3, 1, 0, 3, 4], [7, 1]), u: updates },
    ({ x, i, u }) => x.scatter(i, u, reduction),
    { tolerance: { times: 4, ofMean: reduction === "add" } },
  );
}

const reductions = ["add", "mul", "max", "min"] as const;

/** Rows, lines of 4 and more and single elements that are looked up where steps lead backwards. */
const backwards = (dtype: DType): Case =>
  make(
    `${dtype}, from flipped, strided and padded data`,
    { x: labelled(dtype, [7, 9]), i: places([6, 0, 3, 5, 1], [5, 1]), j: places([8, 2, 0, 4], [4]) },
    ({ x, i, j }) => ({
      rows: x.flip([0]).gather(i),
      both: x.flip([0, 1]).gather(i),
      lines: x.flip([1]).gather(i),
      columns: x.flip([1]).take(j, 1),
      turned: x.flip([0, 1]).transpose([1, 0]).take(j, 0),
      middle: x
        .slice([{ start: 1, step: 2 }, { start: 1 }])
        .flip([0, 1])
        .take(i.slice([{ start: 1, end: 2 }]).squeeze([1]), 0),
      elements: gatherElements(x.flip([0]), i.broadcast([5, 9]), 0),
      far: x
        .flip([0, 1])
        .pad({ low: [0, 1], high: [0, 2] })
        .take(j, 1),
    }),
  );

export const indexingCases: { readonly [N in NameOf<"index">]: readonly Case[] } = {
  gather: [
    ...all.map((dtype) =>
      make(dtype, { x: labelled(dtype, [4, 3]), i: places([3, 0, 0, 2], [4, 1]) }, ({ x, i }) => x.gather(i)),
    ),
    make(
      "f32, elements, rows, blocks",
      { x: labelled("f32", [3, 4, 5]), i: places([2, 3, 4, 0, 0, 0, 1, 2, 3, 2, 3, 4], [2, 2, 3]) },
      ({ x, i }) => ({
        elements: x.gather(i),
        rows: x.gather(i.slice([undefined, undefined, { end: 2 }])),
        blocks: x.gather(i.slice([undefined, undefined, { end: 1 }])),
      }),
    ),
    ...(["f32", "u8", "bool", "f64", "f16"] as const).map(backwards),
    make(
      "f32, one place",
      { x: labelled("f32", [3, 4]), i: places([1], [1]), j: places([2, 3], [2]) },
      ({ x, i, j }) => ({
        row: x.gather(i),
        element: x.gather(j),
      }),
    ),
    make(
      "f32, no places, empty blocks",
      {
        x: labelled("f32", [3, 4]),
        i: places([], [0, 1]),
        empty: labelled("f32", [3, 0]),
        j: places([1, 2], [2, 1]),
      },
      (x) => ({
        none: x.x.gather(x.i),
        empty: x.empty.gather(x.j),
      }),
    ),
    make(
      "f32, along each axis",
      { x: labelled("f32", [3, 4, 5]), i: places([2, 0, 1, 1], [2, 2]) },
      ({ x, i }) => ({
        first: x.take(i, 0),
        middle: x.take(i, 1),
        last: x.take(i, -1),
      }),
    ),
    make(
      "f32, elements along an axis",
      {
        x: random("f32", [3, 4], 5),
        i: places([2, 0, 1, 1, 0, 2, 2, 0], [2, 4]),
        j: places([3, 0, 0, 1, 2, 2], [3, 2]),
      },
      (x) => ({
        columns: gatherElements(x.x, x.i, 0),
        rows: gatherElements(x.x, x.j, 1),
      }),
    ),
    make(
      "f32, an embedding with computed rows",
      { x: random("f32", [11, 6], 5), i: randomIntegers("i32", [3, 7], 6, 0, 11) },
      ({ x, i }) => x.mul(2).add(1).take(i).tanh(),
    ),
    ...(["i64", "u8", "u32"] as const).map((dtype) =>
      make(
        `f32, indices of ${dtype}`,
        { x: labelled("f32", [5, 2]), i: valueOf(dtype, [3, 1], [4, 0, 2]) },
        ({ x, i }) => x.gather(i),
      ),
    ),
  ],
  scatter: [
    ...all.map((dtype) => duplicates(dtype, "none")),
    ...numeric.flatMap((dtype) => reductions.map((reduction) => duplicates(dtype, reduction))),
    ...(["none", ...reductions] as const).map((reduction) =>
      make(
        `f32, ${reduction}, blocks`,
        {
          x: random("f32", [4, 2, 3], 1),
          i: places([2, 0, 2], [3, 1]),
          u: random("f32", [3, 2, 3], 2),
          j: places([3, 1, 0, 0, 3, 1], [3, 2]),
          v: random("f32", [3, 3], 3),
        },
        ({ x, i, u, j, v }) => ({ blocks: x.scatter(i, u, reduction), rows: x.scatter(j, v, reduction) }),
        { tolerance: { times: 4, ofMean: true } },
      ),
    ),
    make(
      "f32, no updates, empty data",
      {
        x: labelled("f32", [3]),
        i: places([], [0, 1]),
        u: labelled("f32", [0]),
        none: labelled("f32", [2, 0]),
        j: places([1], [1, 1]),
        v: labelled("f32", [1, 0]),
      },
      (x) => ({
        same: x.x.scatter(x.i, x.u),
        none: x.none.scatter(x.j, x.v, "add"),
      }),
    ),
    make(
      "f32, the data also read elsewhere",
      { x: labelled("f32", [4]), i: places([1, 1], [2, 1]), u: random("f32", [2], 3) },
      ({ x, i, u }) => {
        const y = x.mul(2);
        return { y, scattered: y.scatter(i, u, "add"), after: y.add(1) };
      },
    ),
    make(
      "f32, elements along an axis",
      {
        x: random("f32", [3, 4], 5),
        i: places([2, 0, 1, 1, 0, 2, 2, 0], [2, 4]),
        u: random("f32", [2, 4], 6),
      },
      ({ x, i, u }) => ({
        written: scatterElements(x, i, u, 0),
        added: scatterElements(x, i.slice([{ end: 1 }]), u.slice([{ end: 1 }]), 0, "add"),
      }),
    ),
    make("f32, counts of many", { i: randomIntegers("i32", [257, 1], 8, 0, 10) }, ({ i }) =>
      filled(0, "f32", [10]).scatter(i, filled(1, "f32", [257]), "add"),
    ),
    make(
      "f32, products far from one",
      { x: valueOf("f32", [2], [1e10, 3]), i: places([0, 1], [2, 1]), u: valueOf("f32", [2], [1e10, 7]) },
      ({ x, i, u }) => x.scatter(i, u, "mul"),
    ),
    ...(["max", "min"] as const).map((reduction) =>
      make(
        `f32, ${reduction}, NaN and infinities`,
        {
          x: valueOf("f32", [5], [NaN, 1, 2, Infinity, -Infinity]),
          i: places([0, 1, 2, 3, 4, 1], [6, 1]),
          u: valueOf("f32", [6], [1, NaN, Infinity, 5, 5, 3]),
        },
        ({ x, i, u }) => x.scatter(i, u, reduction),
        {
          traits: ["nonFinite"],
        },
      ),
    ),
  ],
};
