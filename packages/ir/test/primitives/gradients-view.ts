import { type Tensor, concat, window, windowSum } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import fc from "fast-check";
import { someF64 } from "../finite-differences.ts";
import { type GradientRows, type Trial, axisOf, seeds, shapes, size, the } from "./trial.ts";

/** A movement with parameters from a shape. */
const moving = <P>(
  parameters: (shape: readonly number[]) => fc.Arbitrary<P>,
  build: (x: Tensor, parameters: P) => Tensor,
): fc.Arbitrary<Trial> =>
  shapes().chain((shape) =>
    fc
      .tuple(parameters(shape), seeds)
      .map(([given, seed]) => ({ build: (x) => build(the(x), given), inputs: [someF64(shape, seed)] })),
  );

const each = (shape: readonly number[], min: number, max: number): fc.Arbitrary<number[]> =>
  fc.tuple(...shape.map(() => fc.integer({ min, max })));

const padding: fc.Arbitrary<Trial> = shapes().chain((shape) =>
  fc
    .tuple(each(shape, 0, 2), each(shape, 0, 2), each(shape, 0, 2), seeds)
    .map(([low, high, interior, seed]) => ({
      build: (x, filler) => the(x).pad({ low, high, interior, value: the(filler) }),
      inputs: [someF64(shape, seed), someF64([], seed + 1)],
    })),
);

const windows = fc.record({
  size: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  rest: fc.nat({ max: 3 }),
  axis: fc.nat({ max: 1 }),
  seed: seeds,
});

const windowing = (sum: boolean): fc.Arbitrary<Trial> =>
  windows.map(({ size: extent, stride, dilation, rest, axis, seed }) => {
    const extents = [2, 2].map((other, at) => (at === axis ? (extent - 1) * dilation + 1 + rest : other));
    const counts = extents.map((other, at) => (at === axis ? Math.floor(rest / stride) + 1 : other));
    const options = { axes: [axis], sizes: [extent], strides: [stride], dilations: [dilation] };
    return {
      build: (x) => (sum ? windowSum(the(x), { ...options, extents }) : window(the(x), options)),
      inputs: [someF64(sum ? [...counts, extent] : extents, seed)],
    };
  });

export const viewGradients: GradientRows<NameOf<"view">> = {
  reshape: moving(
    (shape) => fc.constantFrom([size(shape)], [1, size(shape), 1]),
    (x, shape) => x.reshape(shape),
  ),
  transpose: moving(
    (shape) => fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
    (x, permutation) => x.transpose(permutation),
  ),
  broadcast: fc.tuple(axisOf(), fc.nat({ max: 2 }), seeds).map(([[shape, axis], lead, seed]) => ({
    build: (x) => the(x).broadcast([lead, ...shape]),
    inputs: [
      someF64(
        shape.map((extent, at) => (at === axis ? 1 : extent)),
        seed,
      ),
    ],
  })),
  slice: moving(
    (shape) => fc.tuple(each(shape, -3, 3), each(shape, -3, 4), each(shape, 1, 2)),
    (x, [starts, ends, steps]) =>
      x.slice(starts.map((start, axis) => ({ start, end: ends[axis] ?? 0, step: steps[axis] ?? 1 }))),
  ),
  pad: padding,
  concat: fc.tuple(axisOf(), fc.nat({ max: 2 }), seeds).map(([[shape, axis], extra, seed]) => ({
    build: (a, b) => concat([the(a), the(b), the(a)], axis),
    inputs: [
      someF64(shape, seed),
      someF64(
        shape.map((extent, at) => (at === axis ? extra : extent)),
        seed + 1,
      ),
    ],
  })),
  flip: moving(
    (shape) => fc.subarray([...shape.keys()]),
    (x, axes) => x.flip(axes),
  ),
  window: windowing(false),
  windowSum: windowing(true),
};
