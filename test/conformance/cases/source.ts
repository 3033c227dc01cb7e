import {
  type DType,
  type Tensor,
  type TensorValue,
  constant,
  filled,
  iota,
  program,
  randomBits,
  register,
  tensorValue,
  valueOf,
} from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Case, make } from "../case.ts";
import { all, labelled, random, sample, vector } from "../samples.ts";

const key = (first: number, second: number): TensorValue =>
  tensorValue("u32", [2], Uint32Array.of(first, second));

const bits = (
  name: string,
  at: TensorValue,
  shapes: { readonly [output: string]: readonly number[] },
): Case =>
  make(name, { key: at }, (x) =>
    Object.fromEntries(
      Object.entries(shapes).map(([output, shape]): [string, Tensor] => [output, randomBits(x.key, shape)]),
    ),
  );

/** A program that only reads a register of any dtype. */
const reading = (dtype: DType): Case => ({
  name: `${dtype}, read`,
  graph: () => program({ inputs: {}, outputs: { y: register("r", dtype, [sample(dtype).length]) } }),
  feeds: {},
  state: { r: vector(dtype, sample(dtype)) },
});

export const sourceCases: { readonly [N in NameOf<"source">]: readonly Case[] } = {
  input: [
    ...all.map((dtype) =>
      make(`${dtype}, straight to an output`, { x: vector(dtype, sample(dtype)) }, ({ x }) => x),
    ),
    make("one tensor under two names", { x: labelled("f32", [3]) }, ({ x }) => ({ a: x, b: x })),
    make("inputs that nothing reads", { x: labelled("f32", [3]), unused: labelled("i32", [2, 2]) }, ({ x }) =>
      x.add(1),
    ),
    make(
      "a scalar and no elements",
      { scalar: labelled("f32", []), none: labelled("f32", [0, 3]) },
      (x) => x,
    ),
    make(
      "feeds in another order than used",
      { a: labelled("f32", [3]), b: random("f32", [3], 4) },
      ({ a, b }) => b.sub(a),
    ),
  ],
  register: [
    ...all.map(reading),
    {
      name: "f32, from its initial value",
      graph: () =>
        program({
          inputs: {},
          outputs: { y: register("r", "f32", [2, 3], { initial: { kind: "constant", value: 1.5 } }) },
        }),
      feeds: {},
    },
    {
      name: "f32, no elements and a scalar",
      graph: () =>
        program({
          inputs: {},
          outputs: { none: register("none", "f32", [0, 2]), one: register("one", "f32", []) },
        }),
      feeds: {},
      state: { one: valueOf("f32", [], [2.5]) },
    },
    {
      name: "f32, one register read at two nodes",
      graph: () => {
        const read = (): Tensor => register("r", "f32", [3]);
        return program({ inputs: {}, outputs: { y: read().add(read()) } });
      },
      feeds: {},
      state: { r: labelled("f32", [3]) },
    },
  ],
  constant: [
    ...all.map((dtype) =>
      make(`${dtype}, straight to an output`, {}, () => constant(vector(dtype, sample(dtype)))),
    ),
    make("a scalar, no elements, nested", {}, () => ({
      scalar: constant(2.5),
      none: constant(valueOf("f32", [0, 3], [])),
      nested: constant(
        [
          [1, 2],
          [3, 4],
        ],
        "i32",
      ),
      filled: filled(7, "f32", [3, 5]),
    })),
    make("f32, mixed with inputs", { x: random("f32", [2, 3], 3) }, ({ x }) =>
      x.mul(constant([1, -2, 0.5])).add(0.25),
    ),
    make(
      "f32, a weight of many elements",
      { x: random("f32", [3, 40], 3) },
      ({ x }) => x.matMul(constant(random("f32", [40, 17], 8))),
      {
        tolerance: { times: 4, ofMean: true },
      },
    ),
    make("f32, two that are equal", { x: random("f32", [3], 3) }, ({ x }) => ({
      a: x.add(constant([1, 2, 3])),
      b: x.mul(constant([1, 2, 3])),
    })),
    make("f32, NaN and infinities", {}, () => constant([NaN, Infinity, -Infinity]), {
      traits: ["nonFinite"],
    }),
  ],
  iota: [
    ...all.map((dtype) => make(dtype, {}, () => iota(dtype, [5]))),
    make("i32, each axis", {}, () => ({
      first: iota("i32", [3, 4, 5], 0),
      middle: iota("i32", [3, 4, 5], 1),
      last: iota("i32", [3, 4, 5], -1),
    })),
    make("u8, wraps", {}, () => iota("u8", [300])),
    make("i8, wraps", {}, () => iota("i8", [300])),
    make("f16, beyond its precision", {}, () => iota("f16", [2053]).slice([{ start: 2040 }])),
    make("f32, no elements", {}, () => ({ none: iota("f32", [0, 3], 1), axis: iota("f32", [3, 0], 1) })),
    make("f32, a grid", { x: random("f32", [3, 4], 3) }, ({ x }) =>
      x.add(iota("f32", [3, 4], 0).mul(10)).add(iota("f32", [3, 4], 1)),
    ),
  ],
  randomBits: [
    bits("of the key 0 0", key(0, 0), { y: [16] }),
    bits("of a key with high bits", key(0xffffffff, 0x80000001), { y: [16] }),
    bits("in every shape", key(7, 42), { scalar: [], box: [2, 3, 5], none: [0, 4], flat: [30] }),
    bits("of many", key(123, 456), { y: [1027] }),
    make("of a computed key", { key: key(1, 2) }, (x) => randomBits(x.key.add(constant([5, 9], "u32")), [8])),
    make("as uniform floats", { key: key(3, 4) }, (x) =>
      randomBits(x.key, [4, 9])
        .shiftRight(8)
        .cast("f32")
        .mul(2 ** -24),
    ),
    make("as a mask", { key: key(5, 6), x: random("f32", [5, 7], 3) }, (x) =>
      randomBits(x.key, [5, 7]).less(0x80000000).where(x.x.mul(2), 0),
    ),
    {
      name: "of a key in a register that counts",
      graph: () => {
        const state = register("random", "u32", [2], { initial: { kind: "seed" } });
        return program({
          inputs: {},
          outputs: { y: randomBits(state, [6]) },
          updates: [{ register: state, next: state.add(constant([0, 1], "u32")) }],
        });
      },
      feeds: {},
      state: { random: key(9, 0xffffffff) },
    },
  ],
};
