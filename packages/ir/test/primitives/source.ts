import { type Tensor, commit, cond, constant, input, iota, randomBits, register, scan } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Examples, example, examples, tensor, value } from "./example.ts";

export const sourceExamples: Examples<NameOf<"source">> = {
  input: [
    example(
      "is what it is fed",
      (known) => {
        const x = input("x", "f32", [2]);
        known.set(x, value("f32", [1, 2]));
        return x.add(1);
      },
      value("f32", [2, 3]),
    ),
  ],
  register: [
    example(
      "is its value from before the run",
      (known) => {
        const x = register("x", "i64", []);
        known.set(x, value("i64", 5n));
        return x.mul(2);
      },
      value("i64", 10n),
    ),
  ],
  constant: [
    example(
      "is its value",
      () =>
        constant(
          [
            [1, 2],
            [3, 4],
          ],
          "i16",
        ),
      value("i16", [
        [1, 2],
        [3, 4],
      ]),
    ),
    example("rounds numbers to its type", () => constant(0.1, "f16"), value("f16", 0.0999755859375)),
  ],
  iota: [
    example(
      "counts along the axis",
      () => iota("f32", [2, 3], 1),
      value("f32", [
        [0, 1, 2],
        [0, 1, 2],
      ]),
    ),
    example(
      "counts down rows",
      () => iota("i64", [2, 2], 0),
      value("i64", [
        [0n, 0n],
        [1n, 1n],
      ]),
    ),
    example("wraps", () => iota("u8", [258]).slice([{ start: 254 }]), value("u8", [254, 255, 0, 1])),
  ],
  randomBits: [
    example(
      "begins with the generator's first word",
      () => randomBits(constant([0, 0], "u32"), [1]),
      value("u32", [0x6b200159]),
    ),
    example(
      "depends on the row-major index alone, not on the shape",
      () =>
        randomBits(constant([1, 2], "u32"), [2, 3])
          .reshape([6])
          .equal(randomBits(constant([1, 2], "u32"), [6])),
      value("bool", [true, true, true, true, true, true]),
    ),
  ],
};

const at = (tensors: readonly Tensor[], index: number): Tensor => tensors[index] ?? constant(NaN);

export const controlExamples: Examples<NameOf<"control">> = {
  scan: [
    examples(
      "hands the carry on and stacks outputs",
      () => {
        const { carry, outputs } = scan(
          { carry: [tensor("i32", 0)], sequences: [tensor("i32", [1, 2, 3])] },
          (c, s) => ({
            carry: [at(c, 0).add(at(s, 0))],
            outputs: [at(c, 0)],
          }),
        );
        return [...carry, ...outputs];
      },
      value("i32", 6),
      value("i32", [0, 1, 3]),
    ),
    examples(
      "runs from the last slice, outputs at the place of their slice",
      () => {
        const options = { carry: [tensor("i32", 0)], sequences: [tensor("i32", [1, 2, 3])], reverse: true };
        const { carry, outputs } = scan(options, (c, s) => ({
          carry: [at(c, 0).mul(10).add(at(s, 0))],
          outputs: [at(c, 0)],
        }));
        return [...carry, ...outputs];
      },
      value("i32", 321),
      value("i32", [32, 3, 0]),
    ),
    examples(
      "counts without sequences",
      () =>
        scan({ carry: [tensor("i64", 1n)], length: 62 }, (c) => ({ carry: [at(c, 0).add(at(c, 0))] })).carry,
      value("i64", 2n ** 62n),
    ),
    examples(
      "of no steps gives the start and nothing",
      () => {
        const { carry, outputs } = scan({ carry: [tensor("f32", 7)], length: 0 }, (c) => ({
          carry: [at(c, 0).add(1)],
          outputs: [at(c, 0).broadcast([2])],
        }));
        return [...carry, ...outputs];
      },
      value("f32", 7),
      value("f32", [], [0, 2]),
    ),
  ],
  if: [
    examples(
      "computes the branch of its condition",
      () => {
        const x = tensor("f32", [1, 2]);
        const of = (flag: boolean): readonly Tensor[] =>
          cond(
            tensor("bool", flag),
            () => [x.add(1)],
            () => [x.mul(10)],
          );
        return [...of(true), ...of(false)];
      },
      value("f32", [2, 3]),
      value("f32", [10, 20]),
    ),
  ],
  commit: [
    example(
      "is its first operand",
      (known) => {
        const state = register("r", "f32", []);
        known.set(state, value("f32", 3));
        return commit(tensor("f32", [1, 2]), state, state.add(1)).mul(2);
      },
      value("f32", [2, 4]),
    ),
  ],
};
