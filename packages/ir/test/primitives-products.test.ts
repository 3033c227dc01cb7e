import { type TensorValue, constant, conv, convTranspose, convWeight } from "@adjoint/ir";
import fc from "fast-check";
import { describe, test } from "vitest";
import { at, checkValue, coordinates, filledValue, runs, seed, table } from "./coordinates.ts";
import { numbers } from "./finite-differences.ts";

describe("products are sums over pairs as their definitions say:", () => {
  test("dotGeneral", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 });
    fc.assert(
      fc.property(sizes, sizes, sizes, sizes, seed, (batch, inner, left, right, from) => {
        // Both sides hold their axes in an order of their own.
        const leftOrder = shuffled(batch.length + inner.length + left.length, from);
        const rightOrder = shuffled(batch.length + inner.length + right.length, from + 1);
        const place = (order: readonly number[], role: readonly number[]): number[] =>
          role.map((_, index) => order[index] ?? 0);
        const shapeOf = (order: readonly number[], all: readonly number[]): number[] =>
          order.map((_, axis) => all[order.indexOf(axis)] ?? 0);
        const a = filledValue(shapeOf(leftOrder, [...batch, ...inner, ...left]), from);
        const b = filledValue(shapeOf(rightOrder, [...batch, ...inner, ...right]), from + 2);
        const attributes = {
          leftBatch: place(leftOrder, batch),
          rightBatch: place(rightOrder, batch),
          leftContract: place(leftOrder.slice(batch.length), inner),
          rightContract: place(rightOrder.slice(batch.length), inner),
        };
        // Free axes come out in the order in which the operand holds them.
        const free = (order: readonly number[]): number[] =>
          order.slice(batch.length + inner.length).toSorted((p, q) => p - q);
        const [aFree, bFree] = [free(leftOrder), free(rightOrder)];
        const shape = [
          ...batch,
          ...aFree.map((axis) => a.shape[axis] ?? 0),
          ...bFree.map((axis) => b.shape[axis] ?? 0),
        ];
        const expected = table(shape, (c) =>
          coordinates(inner).reduce((sum, k) => {
            const fill = (
              rank: number,
              batchAxes: readonly number[],
              innerAxes: readonly number[],
              freeAxes: readonly number[],
              offset: number,
            ): number[] =>
              Array.from(
                { length: rank },
                (_, axis) =>
                  c[batchAxes.indexOf(axis)] ??
                  k[innerAxes.indexOf(axis)] ??
                  c[offset + freeAxes.indexOf(axis)] ??
                  NaN,
              );
            const x =
              at(
                a,
                fill(a.shape.length, attributes.leftBatch, attributes.leftContract, aFree, batch.length),
              ) ?? NaN;
            const y =
              at(
                b,
                fill(
                  b.shape.length,
                  attributes.rightBatch,
                  attributes.rightContract,
                  bFree,
                  batch.length + aFree.length,
                ),
              ) ?? NaN;
            return sum + x * y;
          }, 0),
        );
        checkValue(constant(a).dotGeneral(constant(b), attributes), expected);
      }),
      runs,
    );
  });

  test("conv and its two transposes", () => {
    const option = fc.integer({ min: 1, max: 2 });
    const cases = fc.record({
      groups: option,
      stride: option,
      dilation: option,
      low: fc.nat({ max: 2 }),
      high: fc.nat({ max: 2 }),
      kernel: fc.integer({ min: 1, max: 3 }),
      rest: fc.nat({ max: 3 }),
      flat: fc.boolean(),
      from: seed,
    });
    fc.assert(
      fc.property(cases, ({ groups, stride, dilation, low, high, kernel, rest, flat, from }) => {
        const span = (kernel - 1) * dilation + 1;
        const extent = Math.max(1, span + rest - low - high);
        fc.pre(extent + low + high >= span);
        // A second spatial axis of its own geometry, unless the case is flat.
        const more = flat ? [] : [1];
        const all = (first: number, second: number): number[] => [first, ...more.map(() => second)];
        const [extents, kernels] = [all(extent, 3), all(kernel, 2)];
        const options = {
          groups,
          strides: all(stride, 1),
          dilations: all(dilation, 1),
          padLow: all(low, 1),
          padHigh: all(high, 0),
        };
        const positions = all(Math.floor((extent + low + high - span) / stride) + 1, 3);
        const x = filledValue([2, 2 * groups, ...extents], from);
        const w = filledValue([groups * 2, 2, ...kernels], from + 1);
        const g = filledValue([2, groups * 2, ...positions], from + 2);
        // Every product x·w that lands in g, once.
        const terms = coordinates(g.shape).flatMap((c) =>
          coordinates([2, ...kernels]).map(([channel = 0, ...k]) => {
            const [n = 0, o = 0, ...p] = c;
            const source = p.map(
              (index, axis) =>
                index * (options.strides[axis] ?? 1) +
                (k[axis] ?? 0) * (options.dilations[axis] ?? 1) -
                (options.padLow[axis] ?? 0),
            );
            return { g: c, x: [n, Math.floor(o / 2) * 2 + channel, ...source], w: [o, channel, ...k] };
          }),
        );
        const sum = (
          target: "x" | "w" | "g",
          shape: readonly number[],
          [a, left]: readonly ["x" | "w" | "g", TensorValue],
          [b, right]: readonly ["x" | "w" | "g", TensorValue],
        ): TensorValue => {
          const sums = new Map<string, number>();
          for (const term of terms) {
            const key = term[target].join();
            sums.set(key, (sums.get(key) ?? 0) + (at(left, term[a]) ?? 0) * (at(right, term[b]) ?? 0));
          }
          return table(shape, (c) => sums.get(c.join()) ?? 0);
        };
        checkValue(conv(constant(x), constant(w), options), sum("g", g.shape, ["x", x], ["w", w]));
        checkValue(
          convTranspose(constant(g), constant(w), { ...options, extents }),
          sum("x", x.shape, ["g", g], ["w", w]),
        );
        checkValue(
          convWeight(constant(x), constant(g), { ...options, extents: kernels }),
          sum("w", w.shape, ["x", x], ["g", g]),
        );
      }),
      { numRuns: 15 },
    );
  });
});

/** 0 … n−1 in an order by the seed. */
function shuffled(count: number, from: number): number[] {
  const keys = numbers(count, from);
  return Array.from({ length: count }, (_, index) => index).toSorted(
    (a, b) => (keys[a] ?? 0) - (keys[b] ?? 0),
  );
}
