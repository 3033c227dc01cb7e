import { concat, constant, window, windowSum } from "@adjoint/ir";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Coordinates,
  along,
  at,
  checkValue,
  coordinates,
  each,
  filledValue,
  put,
  runs,
  seed,
  table,
  values,
} from "./coordinates.ts";

describe("views move elements as their definitions say:", () => {
  test("transpose", () => {
    const cases = values().chain((x) =>
      fc.tuple(fc.constant(x), fc.shuffledSubarray([...x.shape.keys()], { minLength: x.shape.length })),
    );
    fc.assert(
      fc.property(cases, ([x, permutation]) => {
        const shape = permutation.map((axis) => x.shape[axis] ?? 0);
        checkValue(
          constant(x).transpose(permutation),
          table(shape, (c) => {
            const source = x.shape.map((_, axis) => c[permutation.indexOf(axis)] ?? 0);
            return at(x, source) ?? NaN;
          }),
        );
      }),
      runs,
    );
  });

  test("slice", () => {
    const cases = values().chain((x) =>
      fc.tuple(fc.constant(x), each(x, -5, 5), each(x, -5, 5), each(x, 1, 3)),
    );
    fc.assert(
      fc.property(cases, ([x, starts, ends, steps]) => {
        // JavaScript's own slice decides which places of an axis are taken.
        const taken = x.shape.map((size, axis) =>
          Array.from({ length: size }, (_, index) => index)
            .slice(starts[axis], ends[axis])
            .filter((_, index) => index % (steps[axis] ?? 1) === 0),
        );
        const ranges = x.shape.map((_, axis) => ({
          start: starts[axis] ?? 0,
          end: ends[axis] ?? 0,
          step: steps[axis] ?? 1,
        }));
        checkValue(
          constant(x).slice(ranges),
          table(
            taken.map((list) => list.length),
            (c) =>
              at(
                x,
                c.map((index, axis) => taken[axis]?.[index] ?? 0),
              ) ?? NaN,
          ),
        );
      }),
      runs,
    );
  });

  test("pad", () => {
    const cases = values().chain((x) =>
      fc.tuple(fc.constant(x), each(x, 0, 2), each(x, 0, 2), each(x, 0, 2)),
    );
    fc.assert(
      fc.property(cases, ([x, low, high, interior]) => {
        const shape = x.shape.map(
          (size, axis) =>
            (low[axis] ?? 0) + (high[axis] ?? 0) + Math.max(0, size + (size - 1) * (interior[axis] ?? 0)),
        );
        checkValue(
          constant(x).pad({ low, high, interior, value: 77 }),
          table(
            shape,
            (c) =>
              at(
                x,
                c.map((index, axis) => (index - (low[axis] ?? 0)) / (1 + (interior[axis] ?? 0))),
              ) ?? 77,
          ),
        );
      }),
      runs,
    );
  });

  test("concat, flip and broadcast", () => {
    fc.assert(
      fc.property(along, fc.integer({ min: 0, max: 3 }), seed, ([x, axis], extra, from) => {
        const y = filledValue(put(x.shape, axis, extra), from);
        const size = x.shape[axis] ?? 0;
        checkValue(
          concat([constant(x), constant(y)], axis),
          table(
            put(x.shape, axis, size + extra),
            (c) => at(x, c) ?? at(y, put(c, axis, (c[axis] ?? 0) - size)) ?? NaN,
          ),
        );
        checkValue(
          constant(x).flip([axis]),
          table(x.shape, (c) => at(x, put(c, axis, size - 1 - (c[axis] ?? 0))) ?? NaN),
        );
        const one = filledValue(put(x.shape, axis, 1), from);
        checkValue(
          constant(one).broadcast([2, ...x.shape]),
          table([2, ...x.shape], (c) => at(one, put(c.slice(1), axis, 0)) ?? NaN),
        );
      }),
      runs,
    );
  });

  test("window, and windowSum as its transpose", () => {
    const cases = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 4 }),
      fc.nat({ max: 1 }),
      seed,
    );
    fc.assert(
      fc.property(cases, ([size, stride, dilation, rest, axis, from]) => {
        const extents = put([2, 2], axis, (size - 1) * dilation + 1 + rest);
        const options = { axes: [axis], sizes: [size], strides: [stride], dilations: [dilation] };
        const x = filledValue(extents, from);
        const count = Math.floor(rest / stride) + 1;
        const shape = [...put(extents, axis, count), size];
        const source = (c: Coordinates): number[] =>
          put(c.slice(0, 2), axis, (c[axis] ?? 0) * stride + (c[2] ?? 0) * dilation);
        checkValue(
          window(constant(x), options),
          table(shape, (c) => at(x, source(c)) ?? NaN),
        );
        const g = filledValue(shape, from + 1);
        checkValue(
          windowSum(constant(g), { ...options, extents }),
          table(extents, (c) =>
            coordinates(shape)
              .filter((w) => source(w).join() === c.join())
              .reduce((sum, w) => sum + (at(g, w) ?? NaN), 0),
          ),
        );
      }),
      runs,
    );
  });

  test("a view that moves nothing is the tensor itself", () => {
    const x = constant([
      [1, 2],
      [3, 4],
    ]);
    expect(x.slice([])).toBe(x);
    expect(x.slice([undefined, { start: 0, end: 2 }])).toBe(x);
    expect(x.transpose([0, -1])).toBe(x);
    expect(x.slice([{ step: 2 }])).not.toBe(x);
    expect(x.transpose()).not.toBe(x);
  });
});
