import { type Tensor, constant, sort, tensorValue, topK } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Elements, type Example, type Examples, example, examples, tensor, value } from "./example.ts";

const matrix = (): Tensor =>
  tensor("f32", [
    [1, 2, 3],
    [4, 5, 6],
  ]);

const box = (): Tensor =>
  tensor("i32", [
    [
      [0, 1],
      [2, 3],
      [4, 5],
    ],
    [
      [6, 7],
      [8, 9],
      [10, 11],
    ],
  ]);

const scattered = (it: string, reduction: "none" | "add" | "mul" | "max" | "min", are: Elements): Example =>
  example(
    it,
    () =>
      tensor("f32", [1, 2, 3]).scatter(tensor("i32", [[2], [0], [2]]), tensor("f32", [5, 7, -2]), reduction),
    value("f32", are),
  );

export const indexingExamples: Examples<NameOf<"index">> = {
  gather: [
    example(
      "takes rows",
      () => matrix().gather(tensor("i32", [[1], [0], [1]])),
      value("f32", [
        [4, 5, 6],
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ),
    example(
      "takes elements",
      () => matrix().gather(tensor("i32", [[[1, 2]], [[0, 0]]])),
      value("f32", [[6], [1]]),
    ),
    example(
      "takes from a middle axis",
      () => box().take(tensor("u8", [2, 0]), 1),
      value("i32", [
        [
          [4, 5],
          [0, 1],
        ],
        [
          [10, 11],
          [6, 7],
        ],
      ]),
    ),
    example(
      "takes nothing",
      () => matrix().gather(constant(tensorValue("i32", [0, 1], new Int32Array(0)))),
      value("f32", [], [0, 3]),
    ),
  ],
  scatter: [
    scattered("lets the last update win", "none", [7, 2, -2]),
    scattered("adds", "add", [8, 2, 6]),
    scattered("multiplies", "mul", [7, 2, -30]),
    scattered("takes the largest", "max", [7, 2, 5]),
    scattered("takes the smallest", "min", [1, 2, -2]),
    example(
      "writes rows",
      () => matrix().scatter(tensor("i32", [[1]]), tensor("f32", [[0, 0, 9]])),
      value("f32", [
        [1, 2, 3],
        [0, 0, 9],
      ]),
    ),
    example(
      "multiplies floats beyond 2⁵³",
      () => tensor("f64", [1e10]).scatter(tensor("i32", [[0]]), tensor("f64", [1e10]), "mul"),
      value("f64", [1e20]),
    ),
    example(
      "wraps 32 bits",
      () => tensor("i32", [65537]).scatter(tensor("i32", [[0]]), tensor("i32", [65537]), "mul"),
      value("i32", [131073]),
    ),
    example(
      "wraps 64 bits",
      () =>
        tensor("i64", [2n ** 62n]).scatter(tensor("i32", [[0], [0]]), tensor("i64", [2n ** 62n, 1n]), "add"),
      value("i64", [-(2n ** 63n) + 1n]),
    ),
    example(
      "keeps NaN",
      () => tensor("f32", [NaN, 1]).scatter(tensor("i32", [[0], [1]]), tensor("f32", [1, NaN]), "max"),
      value("f32", [NaN, NaN]),
    ),
  ],
};

const ordered = (x: Tensor, descending: boolean): readonly Tensor[] => Object.values(sort(x, { descending }));

export const orderExamples: Examples<NameOf<"order">> = {
  sort: [
    examples(
      "goes up, ties in order",
      () => ordered(tensor("f32", [3, 1, 3, 2]), false),
      value("f32", [1, 2, 3, 3]),
      value("i32", [1, 3, 0, 2]),
    ),
    examples(
      "goes down, ties in order",
      () => ordered(tensor("f32", [3, 1, 3, 2]), true),
      value("f32", [3, 3, 2, 1]),
      value("i32", [0, 2, 3, 1]),
    ),
    examples(
      "counts NaN as largest",
      () => ordered(tensor("f32", [NaN, Infinity, -1]), false),
      value("f32", [-1, Infinity, NaN]),
      value("i32", [2, 1, 0]),
    ),
    examples(
      "holds zeros of both signs equal",
      () => ordered(tensor("f32", [0, -0]), false),
      value("f32", [0, -0]),
      value("i32", [0, 1]),
    ),
    examples(
      "goes along another axis",
      () =>
        Object.values(
          sort(
            tensor("i64", [
              [3n, 1n],
              [2n, 5n],
            ]),
            { axis: 0 },
          ),
        ),
      value("i64", [
        [2n, 1n],
        [3n, 5n],
      ]),
      value("i32", [
        [1, 0],
        [0, 1],
      ]),
    ),
  ],
  topK: [
    examples(
      "gives the largest in order, ties by place",
      () => Object.values(topK(tensor("f32", [1, 5, 3, 5]), 3)),
      value("f32", [5, 5, 3]),
      value("i32", [1, 3, 2]),
    ),
    examples(
      "gives the smallest in order",
      () => Object.values(topK(tensor("u8", [[9, 200, 9]]), 2, { largest: false })),
      value("u8", [[9, 9]]),
      value("i32", [[0, 2]]),
    ),
    examples(
      "counts NaN as largest",
      () => Object.values(topK(tensor("f32", [1, NaN, Infinity]), 2)),
      value("f32", [NaN, Infinity]),
      value("i32", [1, 2]),
    ),
    examples(
      "gives none",
      () => Object.values(topK(tensor("f32", [1, 2]), 0)),
      value("f32", []),
      value("i32", []),
    ),
  ],
};
