import { type Tensor, conv, convTranspose, convWeight, filled, iota } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Elements, type Examples, example, tensor, value } from "./example.ts";

const matrix = (): Tensor =>
  tensor("f32", [
    [1, 2, 3],
    [4, 5, 6],
  ]);

const x2d: Elements = [
  [
    [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ],
  ],
];
const w2d: Elements = [
  [
    [
      [1, 10],
      [100, 1000],
    ],
  ],
];

export const contractExamples: Examples<NameOf<"contract">> = {
  dotGeneral: [
    example(
      "multiplies matrices",
      () =>
        matrix().matMul(
          tensor("f32", [
            [1, 0],
            [0, 1],
            [10, 100],
          ]),
        ),
      value("f32", [
        [31, 302],
        [64, 605],
      ]),
    ),
    example(
      "multiplies a vector from the left and the right",
      () =>
        tensor("i32", [1, 2])
          .matMul(
            tensor("i32", [
              [1, 2],
              [3, 4],
            ]),
          )
          .matMul(tensor("i32", [1, 1])),
      value("i32", 17),
    ),
    example(
      "keeps batch axes, contracts several, and orders what is left",
      () =>
        iota("i32", [2, 3, 2], 0)
          .add(1)
          .dotGeneral(
            tensor("i32", [
              [
                [1, 2],
                [3, 4],
              ],
              [
                [5, 6],
                [7, 8],
              ],
              [
                [9, 10],
                [11, 12],
              ],
            ]),
            {
              leftBatch: [0],
              rightBatch: [1],
              leftContract: [1, 2],
              rightContract: [0, 2],
            },
          ),
      value("i32", [33, 90]),
    ),
    example(
      "is an outer product over no axes",
      () => tensor("f32", [1, 2]).dotGeneral(tensor("f32", [3, 4]), {}),
      value("f32", [
        [3, 4],
        [6, 8],
      ]),
    ),
    example(
      "gives zeros for nothing to sum",
      () => filled(1, "f32", [2, 0]).matMul(filled(1, "f32", [0, 1])),
      value("f32", [[0], [0]]),
    ),
    example(
      "wraps 32 and 64 bits",
      () => tensor("i32", [65536, 1]).matMul(tensor("i32", [65536, 5])),
      value("i32", 5),
    ),
    example(
      "wraps 64 bits",
      () => tensor("u64", [2n ** 63n, 3n]).matMul(tensor("u64", [2n, 2n ** 63n])),
      value("u64", 2n ** 63n),
    ),
    example(
      "sums floats in f64 and rounds once",
      () => tensor("f32", [16777216, 1, 1]).matMul(tensor("f32", [1, 1, 1])),
      value("f32", 16777218),
    ),
    example(
      "broadcasts batches",
      () => tensor("i32", [[[1, 2]], [[3, 4]]]).matMul(tensor("i32", [[[1], [10]]])),
      value("i32", [[[21]], [[43]]]),
    ),
  ],
  conv: [
    example(
      "correlates",
      () => conv(tensor("f32", x2d), tensor("f32", w2d)),
      value("f32", [
        [
          [
            [5421, 6532],
            [8754, 9865],
          ],
        ],
      ]),
    ),
    example(
      "strides and pads",
      () =>
        conv(tensor("f32", x2d), tensor("f32", w2d), { strides: [2, 2], padLow: [1, 1], padHigh: [0, 0] }),
      value("f32", [
        [
          [
            [1000, 3200],
            [7040, 9865],
          ],
        ],
      ]),
    ),
    example(
      "dilates",
      () => conv(tensor("f32", x2d), tensor("f32", w2d), { dilations: [2, 2] }),
      value("f32", [[[[9731]]]]),
    ),
    example(
      "groups",
      () =>
        conv(
          tensor("i32", [
            [
              [1, 2],
              [3, 4],
            ],
          ]),
          tensor("i32", [[[1]], [[10]]]),
          { groups: 2 },
        ),
      value("i32", [
        [
          [1, 2],
          [30, 40],
        ],
      ]),
    ),
    example(
      "adds channels",
      () =>
        conv(
          tensor("i32", [
            [
              [1, 2],
              [3, 4],
            ],
          ]),
          tensor("i32", [[[1], [10]]]),
        ),
      value("i32", [[[31, 42]]]),
    ),
    example(
      "wraps 64 bits",
      () => conv(tensor("i64", [[[2n ** 62n, 4000000000n]]]), tensor("i64", [[[4n]]])),
      value("i64", [[[0n, 16000000000n]]]),
    ),
  ],
  convTranspose: [
    example(
      "spreads each element by the kernel",
      () => convTranspose(tensor("f32", [[[[1, 2]]]]), tensor("f32", w2d), { extents: [2, 3] }),
      value("f32", [
        [
          [
            [1, 12, 20],
            [100, 1200, 2000],
          ],
        ],
      ]),
    ),
    example(
      "strides",
      () =>
        convTranspose(tensor("f32", [[[1, 2]]]), tensor("f32", [[[1, 10]]]), { strides: [2], extents: [5] }),
      value("f32", [[[1, 10, 2, 20, 0]]]),
    ),
    example(
      "leaves out what was padding",
      () =>
        convTranspose(tensor("f32", [[[1, 2]]]), tensor("f32", [[[1, 10]]]), { padLow: [1], extents: [2] }),
      value("f32", [[[12, 20]]]),
    ),
  ],
  convWeight: [
    example(
      "correlates the input with the cotangent",
      () => convWeight(tensor("f32", [[[1, 2, 3]]]), tensor("f32", [[[1, 10]]]), { extents: [2] }),
      value("f32", [[[21, 32]]]),
    ),
    example(
      "adds over the batch and splits groups",
      () =>
        convWeight(
          tensor("i32", [
            [[1], [2]],
            [[3], [4]],
          ]),
          tensor("i32", [
            [[1], [10]],
            [[1], [10]],
          ]),
          { groups: 2, extents: [1] },
        ),
      value("i32", [[[4]], [[60]]]),
    ),
  ],
};
