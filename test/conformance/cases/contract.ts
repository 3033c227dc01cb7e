import { type DType, type Tensor, type TensorValue, einsum, isFloat } from "@adjoint/ir";
import type { DotAttributes, NameOf } from "@adjoint/ir/graph";
import { type Case, make, the } from "../case.ts";
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

/** A result of each input but one, with that one. */
const others = (
  inputs: { readonly [name: string]: Tensor },
  shared: string,
  build: (one: Tensor, other: Tensor) => Tensor,
): { readonly [name: string]: Tensor } =>
  Object.fromEntries(
    Object.entries(inputs).flatMap(([name, one]) =>
      name === shared ? [] : [[name, build(one, the(inputs[shared]))]],
    ),
  );

const BATCHES = [32, 64, 100, 128];
/** Some that leave tiles of 3, 5 and 6 rows. */
const WIDTHS = [1, 3, 6, 9, 10, 13, 14, 18, 21, 29, 37, 60];

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
    // No axis of the result is left where sizes of one go.
    ...numeric.map((dtype) => {
      const drawn = (shape: readonly number[], seed: number): TensorValue =>
        isFloat(dtype) ? random(dtype, shape, seed) : filledWith(dtype, shape, integerSample(dtype));
      return make(
        `${dtype}, a single sum, and one with more computed of it`,
        { a: drawn([1, 13], 3), b: drawn([13], 4) },
        ({ a, b }) => {
          const [sum, other] = [a.matMul(b), b.dotGeneral(b, { leftContract: [0], rightContract: [0] })];
          return { sum, twice: a.add(a).matMul(b).mul(2), other: other.add(other) };
        },
        { tolerance: sums },
      );
    }),
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
      "matrices times vectors whose rows or terms run backwards, skip, or lie on two axes",
      { a: random("f32", [6, 7, 64], 1), v: random("f32", [64], 2), w: random("f32", [42], 3) },
      ({ a, v, w }) => {
        const square = a.reshape([42, 64]);
        const skipped = square.slice([{ step: 5 }]);
        const turned = a.transpose([1, 0, 2]);
        return {
          rowsBack: square.flip([0]).matMul(v),
          termsBack: square.flip([1]).matMul(v),
          bothBack: square.flip([0, 1]).matMul(v),
          rowsSkipped: skipped.flip([0]).matMul(v),
          twoAxes: turned.matMul(v),
          twoAxesBack: turned.flip([0]).matMul(v),
          columnsBack: w.matMul(square.flip([1])),
          leftTermsBack: w.matMul(square.flip([0])),
          twoTermAxes: w.reshape([7, 6]).dotGeneral(turned, { leftContract: [0, 1], rightContract: [0, 1] }),
        };
      },
      { tolerance: sums },
    ),
    make(
      "f32, with itself",
      { a: random("f32", [6, 6], 5) },
      ({ a }) => ({ square: a.matMul(a), gram: a.transpose().matMul(a) }),
      { tolerance: sums },
    ),
    ...BATCHES.map((batch) =>
      make(
        `f32, weight gradients of a batch of ${batch}`,
        {
          d: random("f32", [batch, 48], 1),
          ...Object.fromEntries(WIDTHS.map((width) => [`x${width}`, random("f32", [batch, width], width)])),
        },
        (inputs) => others(inputs, "d", (x, d) => x.transpose().matMul(d)),
        { tolerance: sums },
      ),
    ),
    make(
      "f32, tokens of patches",
      {
        w: random("f32", [64, 48], 1),
        ...Object.fromEntries(
          [3, 5, 17, 49].map((count) => [`x${count}`, random("f32", [2, 64, count], count)]),
        ),
      },
      (inputs) => others(inputs, "w", (x, w) => x.transpose([0, 2, 1]).matMul(w)),
      { tolerance: sums },
    ),
    make(
      "f32, broadcast operands",
      {
        a: random("f32", [5, 7], 1),
        b: random("f32", [7, 9], 2),
        row: random("f32", [1, 7], 3),
        column: random("f32", [5, 1], 4),
        right: random("f32", [1, 9], 5),
        down: random("f32", [7, 1], 6),
      },
      ({ a, b, row, column, right, down }) => ({
        leftRows: row.broadcast([5, 7]).matMul(b),
        leftInner: column.broadcast([5, 7]).matMul(b),
        rightInner: a.matMul(right.broadcast([7, 9])),
        rightColumns: a.matMul(down.broadcast([7, 9])),
        both: column.broadcast([5, 7]).matMul(right.broadcast([7, 9])),
        oneRow: row.matMul(right.broadcast([7, 9])),
        oneColumn: a.matMul(right.slice([{}, { end: 1 }]).broadcast([7, 1])),
      }),
      { tolerance: sums },
    ),
    ...[6, 7].map((length) =>
      make(
        `f32, channels in the middle, of length ${length}`,
        { x: random("f32", [3, 128, length], 1), w: random("f32", [128, 128], 2) },
        ({ x, w }) => einsum("ncl,co->nlo", x, w),
        { tolerance: sums },
      ),
    ),
    make(
      "f32, batches of a matrix and a vector",
      {
        a: random("f32", [9, 6, 40], 1),
        b: random("f32", [9, 40, 1], 2),
        c: random("f32", [3, 1, 40], 3),
        d: random("f32", [3, 40, 37], 4),
      },
      ({ a, b, c, d }) => ({
        column: a.matMul(b),
        turned: a.flip([2]).matMul(b),
        row: c.matMul(d),
        across: c.matMul(d.transpose([0, 2, 1]).flip([1]).transpose([0, 2, 1])),
      }),
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
