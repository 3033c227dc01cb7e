import type { DType, DotAttributes, NameOf } from "@adjoint/ir";
import { isFloat } from "@adjoint/ir";
import { type Case, make } from "../case.ts";
import { filledWith, floats, integerSample, labelled, numeric, random } from "../samples.ts";

const sums = { times: 4, ofMean: true };

const dot = (
  name: string,
  a: readonly number[],
  b: readonly number[],
  attributes: Partial<DotAttributes>,
  dtype: DType = "f32",
): Case =>
  make(
    `${dtype}, ${name}`,
    { a: random(dtype, a, 21), b: random(dtype, b, 22) },
    (x) => x.a.dotGeneral(x.b, attributes),
    { tolerance: sums },
  );

const plain = { leftContract: [1], rightContract: [0] };

export const dotCases: { readonly [N in Extract<NameOf<"contract">, "dotGeneral">]: readonly Case[] } = {
  dotGeneral: [
    ...numeric.map((dtype) =>
      make(
        dtype,
        isFloat(dtype)
          ? { a: random(dtype, [3, 5], 1), b: random(dtype, [5, 4], 2) }
          : {
              a: filledWith(dtype, [3, 5], integerSample(dtype)),
              b: filledWith(dtype, [5, 4], integerSample(dtype)),
            },
        ({ a, b }) => a.matMul(b),
        { tolerance: sums },
      ),
    ),
    dot("left transposed", [5, 3], [5, 4], { leftContract: [0], rightContract: [0] }),
    dot("right transposed", [3, 5], [4, 5], { leftContract: [1], rightContract: [1] }),
    dot("both transposed", [5, 3], [4, 5], { leftContract: [0], rightContract: [1] }),
    dot("matrix and vector", [7, 5], [5], plain),
    dot("vector and matrix", [5], [5, 7], { leftContract: [0], rightContract: [0] }),
    dot("two vectors", [37], [37], { leftContract: [0], rightContract: [0] }),
    dot("outer product", [3], [4], {}),
    dot("outer product of matrices", [2, 3], [3, 2], {}),
    dot("one batch axis", [3, 4, 5], [3, 5, 2], {
      leftBatch: [0],
      rightBatch: [0],
      leftContract: [2],
      rightContract: [1],
    }),
    dot("batch axes elsewhere", [4, 3, 5], [5, 2, 3], {
      leftBatch: [1],
      rightBatch: [2],
      leftContract: [2],
      rightContract: [0],
    }),
    dot("two batch axes in another order", [2, 3, 4, 5], [5, 3, 2, 6], {
      leftBatch: [0, 1],
      rightBatch: [2, 1],
      leftContract: [3],
      rightContract: [0],
    }),
    dot("batch axes only", [3, 4], [4, 3], { leftBatch: [0, 1], rightBatch: [1, 0] }),
    dot("two contracted axes", [3, 4, 5], [4, 5, 2], { leftContract: [1, 2], rightContract: [0, 1] }),
    dot("two contracted axes in another order", [3, 4, 5], [5, 2, 4], {
      leftContract: [2, 1],
      rightContract: [0, 2],
    }),
    dot("batch, two contracted, two free on each side", [2, 3, 4, 5, 6], [6, 7, 2, 4, 3], {
      leftBatch: [0],
      rightBatch: [2],
      leftContract: [2, 4],
      rightContract: [3, 0],
    }),
    dot("odd sizes beyond a block", [37, 53], [53, 29], plain),
    dot("f64 of odd sizes", [17, 23], [23, 19], plain, "f64"),
    dot("one row", [1, 64], [64, 33], plain),
    dot("one column", [33, 64], [64, 1], plain),
    dot("inner size one", [9, 1], [1, 11], plain),
    make("f32, nothing to sum", { a: labelled("f32", [3, 0]), b: labelled("f32", [0, 2]) }, ({ a, b }) =>
      a.matMul(b),
    ),
    make(
      "f32, no rows, no columns",
      { a: labelled("f32", [0, 4]), b: labelled("f32", [4, 3]), c: labelled("f32", [4, 0]) },
      ({ a, b, c }) => ({
        rows: a.matMul(b),
        columns: b.transpose().matMul(c),
      }),
    ),
    make(
      "f32, batches that broadcast",
      { a: random("f32", [2, 1, 3, 4], 1), b: random("f32", [5, 4, 2], 2) },
      ({ a, b }) => a.matMul(b),
      {
        tolerance: sums,
      },
    ),
    make(
      "f32, of views",
      { a: random("f32", [4, 6], 1), b: random("f32", [8, 3], 2) },
      ({ a, b }) =>
        a
          .slice([{ step: 2 }, { start: 1, end: 5 }])
          .flip([1])
          .matMul(b.slice([{ step: 2 }]).pad({ high: [0, 2] })),
      { tolerance: sums },
    ),
    make(
      "f32, with itself",
      { a: random("f32", [6, 6], 5) },
      ({ a }) => ({ square: a.matMul(a), gram: a.transpose().matMul(a) }),
      { tolerance: sums },
    ),
    ...floats.map((dtype) =>
      make(
        `${dtype}, NaN and infinities`,
        {
          a: filledWith(dtype, [4, 2], [1, Infinity, NaN, 2, -1]),
          b: filledWith(dtype, [2, 3], [1, 2, 0, -3]),
        },
        ({ a, b }) => a.matMul(b),
        {
          traits: ["nonFinite"],
        },
      ),
    ),
  ],
};
