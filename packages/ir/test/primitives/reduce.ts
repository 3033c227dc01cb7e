import { type Tensor, filled, iota } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Examples, example, tensor, value } from "./example.ts";

const matrix = (): Tensor =>
  tensor("f32", [
    [1, 2, 3],
    [4, 5, 6],
  ]);

export const reduceExamples: Examples<NameOf<"reduce">> = {
  reduceSum: [
    example("adds along the last axis", () => matrix().reduceSum({ axes: 1 }), value("f32", [6, 15])),
    example(
      "adds along the first axis and keeps it",
      () => matrix().reduceSum({ axes: 0, keepDims: true }),
      value("f32", [[5, 7, 9]]),
    ),
    example("adds all", () => matrix().reduceSum(), value("f32", 21)),
    example(
      "adds outer axes of three",
      () => iota("i32", [2, 3, 2], 1).reduceSum({ axes: [0, 2] }),
      value("i32", [0, 4, 8]),
    ),
    example(
      "gives 0 for no elements",
      () => filled(1, "f32", [2, 0]).reduceSum({ axes: 1 }),
      value("f32", [0, 0]),
    ),
    example(
      "gives nothing for no groups",
      () => filled(1, "f32", [0, 2]).reduceSum({ axes: 1 }),
      value("f32", [], [0]),
    ),
    example("wraps integers", () => tensor("i8", [100, 100, 100]).reduceSum(), value("i8", 44)),
    example("wraps 64 bits", () => tensor("u64", [2n ** 63n, 2n ** 63n, 5n]).reduceSum(), value("u64", 5n)),
    example(
      "sums floats in f64 and rounds once",
      () => tensor("f32", [16777216, 1, 1]).reduceSum(),
      value("f32", 16777218),
    ),
    example("keeps NaN", () => tensor("f32", [1, NaN]).reduceSum(), value("f32", NaN)),
  ],
  reduceProd: [
    example("multiplies rows", () => matrix().reduceProd({ axes: 1 }), value("f32", [6, 120])),
    example("gives 1 for no elements", () => filled(3, "i64", [0]).reduceProd(), value("i64", 1n)),
    example("wraps", () => tensor("i32", [65536, 65536, 3]).reduceProd(), value("i32", 0)),
    example(
      "wraps 64 bits",
      () => tensor("i64", [2n ** 32n, 2n ** 31n]).reduceProd(),
      value("i64", -(2n ** 63n)),
    ),
  ],
  reduceMax: [
    example(
      "takes the largest of columns",
      () =>
        tensor("f32", [
          [1, 7],
          [3, -7],
        ]).reduceMax({ axes: 0 }),
      value("f32", [3, 7]),
    ),
    example("keeps NaN", () => tensor("f64", [1, NaN, Infinity]).reduceMax(), value("f64", NaN)),
    example("starts from the lowest value", () => filled(0, "f32", [0]).reduceMax(), value("f32", -Infinity)),
    example(
      "starts from the lowest integer",
      () => filled(0, "i16", [1, 0]).reduceMax({ axes: 1 }),
      value("i16", [-32768]),
    ),
    example(
      "compares 64 bits exactly",
      () => tensor("i64", [2n ** 53n, 2n ** 53n + 1n]).reduceMax(),
      value("i64", 2n ** 53n + 1n),
    ),
    example("orders zeros", () => tensor("f32", [-0, 0]).reduceMax(), value("f32", 0)),
  ],
  reduceMin: [
    example(
      "takes the smallest of rows",
      () =>
        tensor("u8", [
          [200, 7],
          [3, 250],
        ]).reduceMin({ axes: 1 }),
      value("u8", [7, 3]),
    ),
    example("keeps NaN", () => tensor("f64", [1, NaN, -Infinity]).reduceMin(), value("f64", NaN)),
    example(
      "starts from the highest value",
      () => filled(0, "u32", [0]).reduceMin(),
      value("u32", 4294967295),
    ),
    example("starts from infinity", () => filled(0, "f16", [0]).reduceMin(), value("f16", Infinity)),
  ],
  argMax: [
    example(
      "gives the first of ties",
      () =>
        tensor("f32", [
          [1, 3, 3],
          [2, 2, 2],
        ]).argMax({ axis: 1 }),
      value("i32", [1, 0]),
    ),
    example(
      "gives the first NaN",
      () => tensor("f32", [1, NaN, Infinity, NaN]).argMax({ axis: 0 }),
      value("i32", 1),
    ),
    example(
      "goes down columns and keeps the axis",
      () => matrix().argMax({ axis: 0, keepDims: true }),
      value("i32", [[1, 1, 1]]),
    ),
    example(
      "compares 64 bits exactly",
      () => tensor("u64", [2n ** 60n, 2n ** 60n + 1n]).argMax({ axis: 0 }),
      value("i32", 1),
    ),
  ],
  argMin: [
    example(
      "gives the first of ties",
      () =>
        tensor("i32", [
          [1, 3, 1],
          [2, 2, 2],
        ]).argMin({ axis: 1 }),
      value("i32", [0, 0]),
    ),
    example(
      "gives the first NaN",
      () => tensor("f32", [1, 0, NaN, -Infinity]).argMin({ axis: 0 }),
      value("i32", 2),
    ),
  ],
};

export const cumulativeExamples: Examples<NameOf<"cumulative">> = {
  cumSum: [
    example(
      "runs along the axis",
      () => matrix().cumSum({ axis: 1 }),
      value("f32", [
        [1, 3, 6],
        [4, 9, 15],
      ]),
    ),
    example(
      "runs down, leaving itself out",
      () => matrix().cumSum({ axis: 0, exclusive: true }),
      value("f32", [
        [0, 0, 0],
        [1, 2, 3],
      ]),
    ),
    example(
      "runs from the end",
      () => matrix().cumSum({ axis: 1, reverse: true }),
      value("f32", [
        [6, 5, 3],
        [15, 11, 6],
      ]),
    ),
    example(
      "does both",
      () => tensor("i32", [1, 2, 3]).cumSum({ axis: 0, exclusive: true, reverse: true }),
      value("i32", [5, 3, 0]),
    ),
    example("wraps", () => tensor("i8", [100, 100]).cumSum({ axis: 0 }), value("i8", [100, -56])),
  ],
  cumProd: [
    example(
      "runs along the axis",
      () => matrix().cumProd({ axis: 1 }),
      value("f32", [
        [1, 2, 6],
        [4, 20, 120],
      ]),
    ),
    example(
      "leaves itself out from the end",
      () => tensor("i64", [2n, 3n, 5n]).cumProd({ axis: 0, exclusive: true, reverse: true }),
      value("i64", [15n, 5n, 1n]),
    ),
    example("stays at zero", () => tensor("f32", [2, 0, 5]).cumProd({ axis: 0 }), value("f32", [2, 0, 0])),
  ],
};
