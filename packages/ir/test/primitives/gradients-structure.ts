import {
  type Tensor,
  commit,
  cond,
  constant,
  conv,
  convTranspose,
  convWeight,
  filled,
  gatherElements,
  input,
  iota,
  randomBits,
  register,
  scan,
  scatterElements,
  sort,
  topK,
  valueOf,
} from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import fc from "fast-check";
import { type Build, numbers, someF64 } from "../finite-differences.ts";
import {
  type GradientRows,
  type Trial,
  axisOf,
  distinct,
  none,
  seeds,
  shapes,
  shuffled,
  size,
  the,
} from "./trial.ts";

const source: GradientRows<NameOf<"source">> = {
  input: none("has no operands", () => input("x", "f64", [])),
  register: none("has no operands", () => register("x", "f64", [])),
  constant: none("has no operands", () => constant(1, "f64")),
  iota: none("has no operands", () => iota("f64", [3])),
  randomBits: none("takes no floats", (x) => randomBits(x, [2])),
};

const reducing = (
  build: (x: Tensor, axes: readonly number[]) => Tensor,
  tieFree: boolean,
): fc.Arbitrary<Trial> =>
  shapes(1).chain((shape) =>
    fc.tuple(fc.subarray([...shape.keys()]), seeds).map(([axes, seed]) => ({
      build: (x) => build(the(x), axes),
      inputs: tieFree ? distinct([shape], seed) : [someF64(shape, seed)],
    })),
  );

/** Some elements exactly zero: products must be differentiated without dividing by them. */
const withZeros = (shape: readonly number[], seed: number): ReturnType<typeof someF64> => {
  const elements = numbers(size(shape), seed, -1.5, 1.5);
  return valueOf(
    "f64",
    shape,
    elements.map((x) => (Math.abs(x) < 0.4 ? 0 : x)),
  );
};

const products: fc.Arbitrary<Trial> = shapes(1).chain((shape) =>
  fc.tuple(fc.subarray([...shape.keys()]), seeds).map(([axes, seed]) => ({
    build: (x) => the(x).reduceProd({ axes }),
    inputs: [withZeros(shape, seed)],
  })),
);

const reduce: GradientRows<NameOf<"reduce">> = {
  reduceSum: reducing((x, axes) => x.reduceSum({ axes, keepDims: true }), false),
  reduceProd: products,
  reduceMax: reducing((x, axes) => x.reduceMax({ axes }), true),
  reduceMin: reducing((x, axes) => x.reduceMin({ axes }), true),
  argMax: none("gives an integer", (x) => x.argMax({ axis: 0 })),
  argMin: none("gives an integer", (x) => x.argMin({ axis: 0 })),
};

const cumulating = (name: NameOf<"cumulative">): fc.Arbitrary<Trial> =>
  fc.tuple(axisOf(), seeds).map(([[shape, axis], seed]) => ({
    build: (x) =>
      [false, true].flatMap((exclusive) =>
        [false, true].map((reverse) => the(x)[name]({ axis, exclusive, reverse })),
      ),
    inputs: [withZeros(shape, seed)],
  }));

const cumulative: GradientRows<NameOf<"cumulative">> = {
  cumSum: cumulating("cumSum"),
  cumProd: cumulating("cumProd"),
};

const dots: fc.Arbitrary<Trial> = fc
  .tuple(shapes(0, 2), shapes(0, 2), shapes(0, 2), shapes(0, 2), seeds)
  .map(([batch, inner, left, right, seed]) => {
    // Each side holds its axes in an order of its own.
    const side = (
      free: readonly number[],
      from: number,
    ): { shape: number[]; batch: number[]; inner: number[] } => {
      const all = [...batch, ...inner, ...free];
      const order = shuffled(all.length, from);
      return {
        shape: all.map((_, axis) => all[order.indexOf(axis)] ?? 1),
        batch: order.slice(0, batch.length),
        inner: order.slice(batch.length, batch.length + inner.length),
      };
    };
    const [a, b] = [side(left, seed), side(right, seed + 1)];
    return {
      build: (x, y) =>
        the(x).dotGeneral(the(y), {
          leftBatch: a.batch,
          rightBatch: b.batch,
          leftContract: a.inner,
          rightContract: b.inner,
        }),
      inputs: [someF64(a.shape, seed), someF64(b.shape, seed + 2)],
    };
  });

const geometries = fc.record({
  groups: fc.integer({ min: 1, max: 2 }),
  stride: fc.integer({ min: 1, max: 2 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  low: fc.nat({ max: 1 }),
  high: fc.nat({ max: 2 }),
  rest: fc.nat({ max: 2 }),
  examples: fc.nat({ max: 2 }),
  seed: seeds,
});

const convolving = (name: "conv" | "convTranspose" | "convWeight"): fc.Arbitrary<Trial> =>
  geometries.map(({ groups, stride, dilation, low, high, rest, examples, seed }) => {
    const options = {
      groups,
      strides: [stride, 1],
      dilations: [dilation, 1],
      padLow: [low, 0],
      padHigh: [high, 1],
    };
    const extent = dilation + 1 + rest;
    const [extents, kernel] = [
      [extent, 2],
      [2, 2],
    ];
    const positions = [Math.floor((extent + low + high - dilation - 1) / stride) + 1, 2];
    const [x, w, g] = [
      [examples, groups, ...extents],
      [2 * groups, 1, ...kernel],
      [examples, 2 * groups, ...positions],
    ];
    const builds: { readonly [N in typeof name]: Trial } = {
      conv: {
        build: (a, b) => conv(the(a), the(b), options),
        inputs: [someF64(x, seed), someF64(w, seed + 1)],
      },
      convTranspose: {
        build: (a, b) => convTranspose(the(a), the(b), { ...options, extents }),
        inputs: [someF64(g, seed), someF64(w, seed + 1)],
      },
      convWeight: {
        build: (a, b) => convWeight(the(a), the(b), { ...options, extents: kernel }),
        inputs: [someF64(x, seed), someF64(g, seed + 1)],
      },
    };
    return builds[name];
  });

const contract: GradientRows<NameOf<"contract">> = {
  dotGeneral: dots,
  conv: convolving("conv"),
  convTranspose: convolving("convTranspose"),
  convWeight: convolving("convWeight"),
};

const places = (count: number, seed: number, limit: number): ReturnType<typeof valueOf> =>
  valueOf("i32", [count, 1], numbers(count, seed, 0, limit).map(Math.floor));

/** All reductions at once: a choice among them by chance could leave one out of the few runs. */
const scattering: fc.Arbitrary<Trial> = fc
  .tuple(fc.nat({ max: 5 }), fc.nat({ max: 2 }), seeds)
  .map(([count, block, seed]) => {
    const [data, updates] = [
      [3, block],
      [count, block],
    ];
    const apart = distinct([data, updates], seed);
    const factors = [withZeros(data, seed), withZeros(updates, seed + 1)];
    return {
      build: (i, x, u, a, b) => [
        ...(["none", "add", "max", "min"] as const).map((reduction) =>
          the(x).scatter(the(i), the(u), reduction),
        ),
        the(a).scatter(the(i), the(b), "mul"),
      ],
      inputs: [places(count, seed, 3), ...apart, ...factors],
    };
  });

const index: GradientRows<NameOf<"index">> = {
  gather: fc.oneof(
    fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 2 }), seeds).map(([count, block, seed]): Trial => ({
      build: (i, x) => the(x).gather(the(i)),
      inputs: [places(count, seed, 3), someF64([3, block], seed)],
    })),
    seeds.map((seed): Trial => ({
      build: (i, x) => [
        the(x).take(the(i), 1),
        gatherElements(the(x), the(i).reshape([1, 3]).broadcast([2, 3]), 1),
      ],
      inputs: [valueOf("i32", [3], [1, 0, 1]), someF64([2, 3], seed)],
    })),
  ),
  scatter: fc.oneof(
    scattering,
    seeds.map((seed): Trial => ({
      build: (i, x, u) => scatterElements(the(x), the(i), the(u), 1, "add"),
      inputs: [valueOf("i32", [2, 2], [1, 0, 2, 2]), someF64([2, 3], seed), someF64([2, 2], seed + 1)],
    })),
  ),
};

const ordering = (
  build: (x: Tensor, axis: number, up: boolean, extent: number) => Tensor,
): fc.Arbitrary<Trial> =>
  fc.tuple(axisOf(), fc.boolean(), seeds).map(([[shape, axis], up, seed]) => ({
    build: (x) => build(the(x), axis, up, shape[axis] ?? 0),
    inputs: distinct([shape], seed),
  }));

const order: GradientRows<NameOf<"order">> = {
  sort: ordering((x, axis, descending) => sort(x, { axis, descending }).values),
  topK: ordering((x, axis, largest, extent) => topK(x, Math.min(2, extent), { axis, largest }).values),
};

/** h′ = tanh(h·W + x), with the sum of squares of h as a second carry and h as an output; W is captured. */
const recurrent =
  (reverse: boolean): Build =>
  (x, w, h) => {
    const { carry, outputs } = scan(
      { carry: [the(h), filled(0, "f64", [])], sequences: [the(x)], reverse },
      ([state, sum], [slice]) => {
        const next = the(state).matMul(the(w)).add(the(slice)).tanh();
        return { carry: [next, the(sum).add(next.mul(next).reduceSum())], outputs: [next.mul(the(slice))] };
      },
    );
    return [...carry, ...outputs];
  };

const control: GradientRows<NameOf<"control">> = {
  scan: fc
    .tuple(fc.nat({ max: 3 }), fc.nat({ max: 2 }), fc.boolean(), seeds)
    .map(([length, width, reverse, seed]) => ({
      build: recurrent(reverse),
      inputs: [someF64([length, width], seed), someF64([width, width], seed + 1), someF64([width], seed + 2)],
    })),
  if: fc.tuple(fc.boolean(), shapes(), seeds).map(([flag, shape, seed]) => ({
    build: (condition, x, y) =>
      cond(
        the(condition),
        () => [the(x).mul(the(y)), the(x)],
        () => [the(y).exp(), the(y).mul(2)],
      ),
    inputs: [valueOf("bool", [], [flag]), someF64(shape, seed), someF64(shape, seed + 1)],
  })),
  commit: fc.tuple(shapes(), seeds).map(([shape, seed]) => ({
    build: (x) => {
      const state = register("r", "f64", shape);
      return commit(the(x).mul(the(x)), state, the(x)).sin();
    },
    inputs: [someF64(shape, seed)],
  })),
};

export const structureGradients: GradientRows<
  | NameOf<"source">
  | NameOf<"reduce">
  | NameOf<"cumulative">
  | NameOf<"contract">
  | NameOf<"index">
  | NameOf<"order">
  | NameOf<"control">
> = { ...source, ...reduce, ...cumulative, ...contract, ...index, ...order, ...control };
