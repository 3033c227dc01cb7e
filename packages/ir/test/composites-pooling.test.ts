import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type PoolOptions,
  averagePool,
  globalAveragePool,
  globalLpPool,
  globalMaxPool,
  gradients,
  input,
  lpPool,
  maxPool,
} from "@adjoint/ir";
import { type TensorValue, dim, toNumbers, typeText, valueOf } from "@adjoint/ir/values";
import { run } from "./composite-case.ts";
import { f64, someF64 } from "./finite-differences.ts";

const numbersOf = (values: readonly TensorValue[]): number[][] => values.map(toNumbers);

/** One spatial axis of a pool. */
interface Axis {
  readonly extent: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly low: number;
  readonly high: number;
}

/** The positions that each window reads, by walking; `counted` holds those within the padding as well. */
function walk(
  { extent, kernel, stride, dilation, low, high }: Axis,
  ceil: boolean,
): { inside: number[]; counted: number }[] {
  const windows: { inside: number[]; counted: number }[] = [];
  for (let start = -low; ; start += stride) {
    const places = Array.from({ length: kernel }, (_, k) => start + k * dilation);
    const last = places.at(-1) ?? 0;
    if (last >= extent + high && (!ceil || start >= extent || windows.at(-1) === undefined)) break;
    // A ceiled window must start where the last whole one, or its remainder, still is.
    if (ceil && start - stride + (kernel - 1) * dilation >= extent + high - 1) break;
    windows.push({
      inside: places.filter((place) => place >= 0 && place < extent),
      counted: places.filter((place) => place < extent + high).length,
    });
  }
  return windows;
}

const axis = fc
  .record({
    extent: fc.integer({ min: 3, max: 6 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    low: fc.integer({ min: 0, max: 2 }),
    high: fc.integer({ min: 0, max: 2 }),
  })
  .filter(({ extent, kernel, dilation, low, high }) => {
    const span = (kernel - 1) * dilation + 1;
    return span <= extent + low + high && low < kernel && high < kernel;
  });

const optionsOf = (axes: readonly Axis[], ceilMode: boolean): PoolOptions => ({
  kernel: axes.map(({ kernel }) => kernel),
  strides: axes.map(({ stride }) => stride),
  dilations: axes.map(({ dilation }) => dilation),
  padLow: axes.map(({ low }) => low),
  padHigh: axes.map(({ high }) => high),
  ceilMode,
});

describe("pools", () => {
  test("read the windows that walking over the input reads", () => {
    fc.assert(
      fc.property(
        axis,
        axis,
        fc.boolean(),
        fc.integer({ min: 1, max: 999 }),
        (rows, columns, ceilMode, seed) => {
          const x = someF64([1, 2, rows.extent, columns.extent], seed);
          const options = optionsOf([rows, columns], ceilMode);
          const [greatest, average, padded, lp] = run(
            (a) => [
              maxPool(a, options),
              averagePool(a, options),
              averagePool(a, { ...options, countIncludePad: true }),
              lpPool(a, { ...options, p: 3 }),
            ],
            [x],
          );
          const elements = toNumbers(x);
          const [down, across] = [walk(rows, ceilMode), walk(columns, ceilMode)];
          expect(greatest?.shape).toEqual([1, 2, down.length, across.length]);
          const windows = [0, 1].flatMap((channel) =>
            down.flatMap((r) =>
              across.map((c) => ({
                list: r.inside.flatMap((i) =>
                  c.inside.map((j) => elements[(channel * rows.extent + i) * columns.extent + j] ?? NaN),
                ),
                counted: r.counted * c.counted,
              })),
            ),
          );
          const expectEach = (
            value: TensorValue | undefined,
            f: (list: number[], counted: number) => number,
          ): void => {
            const found = value ? toNumbers(value) : [];
            windows.forEach(({ list, counted }, index) =>
              expect(found[index]).toBeCloseTo(f(list, counted), 12),
            );
          };
          const sum = (list: readonly number[]): number =>
            list.reduce((total, element) => total + element, 0);
          expectEach(greatest, (list) => Math.max(...list));
          // Dilated windows may miss the input altogether: then there is nothing to average.
          expectEach(average, (list) => sum(list) / list.length);
          expectEach(padded, (list, counted) => sum(list) / counted);
          expectEach(lp, (list) => Math.cbrt(sum(list.map((element) => Math.abs(element) ** 3))));
        },
      ),
      { numRuns: 40 },
    );
  });

  test("maxPool of negative numbers ignores its padding, and works on integers", () => {
    const [y] = run(
      (a) => maxPool(a, { kernel: [2], padLow: [1], padHigh: [1] }),
      [f64([1, 1, 3], [-3, -1, -2])],
    );
    expect(y && toNumbers(y)).toEqual([-3, -1, -1, -2]);
    const [bytes] = run(
      (a) => maxPool(a, { kernel: [2], padLow: [1] }),
      [valueOf("i8", [1, 1, 3], [-3, -1, -2])],
    );
    expect(bytes).toEqual(valueOf("i8", [1, 1, 3], [-3, -1, -1]));
  });

  test("maxPool shares the gradient of ties equally, and keeps NaN", () => {
    const [g] = numbersOf(
      run(
        (a) => gradients(maxPool(a, { kernel: [2, 2], strides: [2, 2] }).reduceSum(), [a]),
        [f64([1, 1, 2, 4], [1, 1, 5, 2, 0, 1, 5, 5])],
      ),
    );
    expect(g).toEqual([1 / 3, 1 / 3, 1 / 3, 0, 0, 1 / 3, 1 / 3, 1 / 3]);
    const [y] = numbersOf(run((a) => maxPool(a, { kernel: [2] }), [f64([1, 1, 3], [1, NaN, 2])]));
    expect(y).toEqual([NaN, NaN]);
  });

  test("ceilMode leaves out a window that would start in the padding", () => {
    const options = { kernel: [1], strides: [2], ceilMode: true };
    const [y] = run((a) => maxPool(a, { ...options, padHigh: [0] }), [f64([1, 1, 4], [1, 2, 3, 4])]);
    expect(y && toNumbers(y)).toEqual([1, 3]);
  });

  test("keep a symbolic batch, and say which symbol ceilMode needs", () => {
    const x = input("x", "f32", [dim("batch"), 3, 28, 28]);
    expect(typeText(maxPool(x, { kernel: [2, 2], strides: [2, 2] }).type)).toBe("f32[batch, 3, 14, 14]");
    expect(typeText(averagePool(x, { kernel: [3, 3], strides: [2, 2], ceilMode: true }).type)).toBe(
      "f32[batch, 3, 14, 14]",
    );
    const wide = input("x", "f32", [1, 3, dim("width")]);
    expect(() => maxPool(wide, { kernel: [2], strides: [2], ceilMode: true })).toThrow(/Bind width/);
    expect(typeText(averagePool(wide, { kernel: [3], padLow: [1], padHigh: [1] }).type)).toBe(
      "f32[1, 3, width]",
    );
  });

  test("refuse options that do not fit the input", () => {
    const x = input("x", "f32", [1, 1, 4, 4]);
    expect(() => maxPool(x, { kernel: [2] })).toThrow(
      /maxPool: a kernel of \[2\] wants .* 1 spatial axes .*"x"/,
    );
    expect(() => averagePool(x, { kernel: [2, 2], strides: [1] })).toThrow(/averagePool: .*stride/);
    expect(() => lpPool(x, { kernel: [2, 2], padLow: [-1, 0] })).toThrow(/pads/);
    expect(() => maxPool(x, { kernel: [5, 5] })).toThrow(/does not fit/);
  });

  test("global pools reduce every channel to one element", () => {
    const x = f64([1, 2, 2, 2], [1, 2, 3, 4, -1, -2, -3, 5]);
    const [greatest, average, two, one] = run(
      (a) => [globalMaxPool(a), globalAveragePool(a), globalLpPool(a), globalLpPool(a, { p: 1 })],
      [x],
    );
    expect(greatest).toEqual(f64([1, 2, 1, 1], [4, 5]));
    expect(average).toEqual(f64([1, 2, 1, 1], [2.5, -0.25]));
    expect(two).toEqual(f64([1, 2, 1, 1], [Math.sqrt(30), Math.sqrt(39)]));
    expect(one).toEqual(f64([1, 2, 1, 1], [10, 11]));
    expect(() => globalMaxPool(input("x", "f32", [2, 3]))).toThrow(/globalMaxPool: wants \[N, C, …spatial\]/);
  });
});
