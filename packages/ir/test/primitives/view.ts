import { type Tensor, concat, filled, iota } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Examples, example, tensor, value } from "./example.ts";

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

export const viewExamples: Examples<Exclude<NameOf<"view">, "window" | "windowSum">> = {
  reshape: [
    example(
      "keeps the order of elements",
      () => matrix().reshape([3, -1]),
      value("f32", [
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    ),
    example("makes and unmakes scalars", () => tensor("f32", [[5]]).reshape([]), value("f32", 5)),
    example(
      "finds a size among zeros",
      () => filled(1, "f32", [0, 3]).reshape([-1, 2]),
      value("f32", [], [0, 2]),
    ),
  ],
  transpose: [
    example(
      "reverses axes by default",
      () => matrix().transpose(),
      value("f32", [
        [1, 4],
        [2, 5],
        [3, 6],
      ]),
    ),
    example(
      "takes output axis i from input axis permutation[i]",
      () => box().transpose([2, 0, 1]),
      value("i32", [
        [
          [0, 2, 4],
          [6, 8, 10],
        ],
        [
          [1, 3, 5],
          [7, 9, 11],
        ],
      ]),
    ),
    example(
      "moves 64 bits",
      () => tensor("u64", [[2n ** 63n], [1n]]).transpose(),
      value("u64", [[2n ** 63n, 1n]]),
    ),
  ],
  broadcast: [
    example(
      "stretches from the right",
      () => tensor("f32", [1, 2]).broadcast([2, 2]),
      value("f32", [
        [1, 2],
        [1, 2],
      ]),
    ),
    example(
      "stretches ones within",
      () => tensor("f32", [[1], [2]]).broadcast([2, 2, 2]),
      value("f32", [
        [
          [1, 1],
          [2, 2],
        ],
        [
          [1, 1],
          [2, 2],
        ],
      ]),
    ),
    example("stretches to nothing", () => tensor("bool", [true]).broadcast([0]), value("bool", [])),
  ],
  slice: [
    example(
      "takes a range by steps",
      () => iota("i32", [10]).slice([{ start: 1, end: 9, step: 3 }]),
      value("i32", [1, 4, 7]),
    ),
    example(
      "counts from the end",
      () => iota("i32", [10]).slice([{ start: -3, end: -1 }]),
      value("i32", [7, 8]),
    ),
    example("clamps", () => iota("i32", [3]).slice([{ start: -10, end: 10, step: 2 }]), value("i32", [0, 2])),
    example(
      "of several axes",
      () => box().slice([{ start: 1 }, { step: 2 }, { end: 1 }]),
      value("i32", [[[6], [10]]]),
    ),
    example("may be empty", () => box().slice([{ start: 2 }]), value("i32", [], [0, 3, 2])),
  ],
  pad: [
    example(
      "fills before, between and after",
      () => tensor("f32", [1, 2]).pad({ low: [1], high: [2], interior: [1], value: 9 }),
      value("f32", [9, 1, 9, 2, 9, 9]),
    ),
    example(
      "fills rows and columns",
      () => tensor("i32", [[1, 2]]).pad({ low: [1, 0], high: [0, 1], value: 7 }),
      value("i32", [
        [7, 7, 7],
        [1, 2, 7],
      ]),
    ),
    example(
      "has no gaps in nothing",
      () => filled(1, "f32", [0]).pad({ low: [1], interior: [5] }),
      value("f32", [0]),
    ),
    example(
      "by a computed filler",
      () => tensor("i64", [1n]).pad({ low: [1], value: tensor("i64", 2n ** 60n).add(1n) }),
      value("i64", [2n ** 60n + 1n, 1n]),
    ),
  ],
  concat: [
    example(
      "joins rows",
      () => concat([matrix(), tensor("f32", [[7, 8, 9]])], 0),
      value("f32", [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ]),
    ),
    example(
      "joins columns",
      () =>
        concat(
          [
            tensor("bool", [[true], [false]]),
            tensor("bool", [
              [false, false],
              [true, true],
            ]),
          ],
          -1,
        ),
      value("bool", [
        [true, false, false],
        [false, true, true],
      ]),
    ),
    example(
      "skips what is empty",
      () => concat([tensor("i8", [1]), filled(0, "i8", [0]), tensor("i8", [2])], 0),
      value("i8", [1, 2]),
    ),
  ],
  flip: [
    example(
      "reverses an axis",
      () => matrix().flip([1]),
      value("f32", [
        [3, 2, 1],
        [6, 5, 4],
      ]),
    ),
    example(
      "reverses both",
      () => matrix().flip([0, -1]),
      value("f32", [
        [6, 5, 4],
        [3, 2, 1],
      ]),
    ),
  ],
};
