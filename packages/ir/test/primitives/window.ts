import { iota, window, windowSum } from "@adjoint/ir";
import { apply, primitives } from "@adjoint/ir/graph";
import { type Examples, example, tensor, value } from "./example.ts";

export const windowExamples: Examples<"window" | "windowSum"> = {
  window: [
    example(
      "slides",
      () => window(iota("i32", [4]), { axes: [0], sizes: [2] }),
      value("i32", [
        [0, 1],
        [1, 2],
        [2, 3],
      ]),
    ),
    example(
      "jumps, reaching over gaps",
      () => window(iota("i32", [8]), { axes: [0], sizes: [2], strides: [3], dilations: [4] }),
      value("i32", [
        [0, 4],
        [3, 7],
      ]),
    ),
    example(
      "of two axes: positions, then places within, in the order of the axes",
      () =>
        window(
          tensor("i32", [
            [0, 1, 2],
            [3, 4, 5],
          ]),
          { axes: [1, 0], sizes: [2, 2] },
        ),
      value("i32", [
        [
          [
            [0, 3],
            [1, 4],
          ],
          [
            [1, 4],
            [2, 5],
          ],
        ],
      ]),
    ),
  ],
  windowSum: [
    example(
      "adds where windows overlap",
      () =>
        windowSum(
          tensor("f32", [
            [1, 2],
            [10, 20],
            [100, 200],
          ]),
          { axes: [0], sizes: [2], extents: [4] },
        ),
      value("f32", [1, 12, 120, 200]),
    ),
    example(
      "leaves zeros where none reach",
      () =>
        windowSum(tensor("i64", [[1n], [2n ** 60n]]), { axes: [0], sizes: [1], strides: [2], extents: [4] }),
      value("i64", [1n, 0n, 2n ** 60n, 0n]),
    ),
    example(
      "wraps",
      () =>
        windowSum(
          tensor("u8", [
            [200, 200],
            [200, 200],
          ]),
          { axes: [0], sizes: [2], extents: [3] },
        ),
      value("u8", [200, 144, 200]),
    ),
    example(
      "of no axes is the same",
      () =>
        apply(primitives.windowSum, [tensor("i64", 2n ** 60n + 1n)], {
          axes: [],
          sizes: [],
          strides: [],
          dilations: [],
          extents: [],
        }).output,
      value("i64", 2n ** 60n + 1n),
    ),
  ],
};
