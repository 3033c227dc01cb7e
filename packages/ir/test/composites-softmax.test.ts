import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TensorValue, gradients, logSoftmax, logSumExp, softmax, toNumbers, valueOf } from "@adjoint/ir";
import { run } from "./composite-case.ts";
import { f64 } from "./finite-differences.ts";

const numbersOf = (values: readonly TensorValue[]): number[][] => values.map(toNumbers);
const expectClose = (found: readonly number[], expected: readonly number[], digits = 12): void => {
  expect(found.length).toBe(expected.length);
  found.forEach((element, index) => expect(element).toBeCloseTo(expected[index] ?? NaN, digits));
};

/** Softmax of one row by the formula, in exact enough arithmetic for small numbers. */
const softmaxOf = (row: readonly number[]): number[] => {
  const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
  return row.map((x) => Math.exp(x) / total);
};

const rows = fc.array(fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -5, max: 5, noNaN: true }))), {
  minLength: 1,
  maxLength: 5,
});

describe("S4: softmax", () => {
  test("has the values of its formula along any axis", () => {
    fc.assert(
      fc.property(rows, (matrix) => {
        const x = f64([matrix.length, 3], matrix.flat());
        const [y, log, sum, across] = numbersOf(
          run(
            (a) => [
              softmax(a),
              logSoftmax(a),
              logSumExp(a, { axes: -1 }),
              softmax(a.transpose(), { axis: 0 }),
            ],
            [x],
          ),
        );
        const expected = matrix.map(softmaxOf);
        expectClose(y ?? [], expected.flat());
        expectClose(
          log ?? [],
          expected.flat().map((p) => Math.log(p)),
        );
        expectClose(
          sum ?? [],
          matrix.map((row) => Math.log(row.reduce((total, element) => total + Math.exp(element), 0))),
        );
        expectClose(
          across ?? [],
          [0, 1, 2].flatMap((column) => expected.map((row) => row[column] ?? NaN)),
        );
      }),
      { numRuns: 20 },
    );
  });

  test.each(["f64", "f32", "f16"] as const)("neither overflows nor underflows to NaN in %s", (dtype) => {
    const x = valueOf(dtype, [3, 3], [1e4, -1e4, 0, -1e4, -1e4, -1e4, 1e4, 1e4, -1e4]);
    const [y, log, sum, slope] = numbersOf(
      run(
        (a) => {
          const result = logSumExp(a, { axes: -1 });
          return [softmax(a), logSoftmax(a), result, gradients(result.reduceSum(), [a])[0] ?? a];
        },
        [x],
      ),
    );
    const third = y?.[3] ?? NaN;
    expect(third).toBeCloseTo(1 / 3, 3);
    expect(y).toEqual([1, 0, 0, third, third, third, 0.5, 0.5, 0]);
    expect(slope).toEqual(y);
    expectClose(
      log?.slice(3, 8) ?? [],
      [...[3, 3, 3].map((n) => -Math.log(n)), -Math.log(2), -Math.log(2)],
      2,
    );
    expectClose(
      log?.filter((_, place) => [0, 1, 2, 8].includes(place)).map((l) => l / -2e4) ?? [],
      [0, 1, 0.5, 1],
      4,
    );
    expectClose(sum?.map((s) => s / 1e4) ?? [], [1, -1, 1], 3);
  });

  test("of infinite and missing elements is as the limits say, and keeps NaN", () => {
    const x = f64([4, 2], [-Infinity, 0, -Infinity, -Infinity, Infinity, 0, NaN, 0]);
    const [y, log, sum, slope] = numbersOf(
      run(
        (a) => {
          const result = logSumExp(a, { axes: -1 });
          return [softmax(a), logSoftmax(a), result, gradients(result.reduceSum(), [a])[0] ?? a];
        },
        [x],
      ),
    );
    expect(y?.slice(0, 2)).toEqual([0, 1]);
    expect(log?.slice(0, 2)).toEqual([-Infinity, 0]);
    expect(sum).toEqual([0, -Infinity, Infinity, NaN]);
    expect(slope?.slice(0, 4)).toEqual([0, 1, 0, 0]);
    expect(y?.[6]).toBeNaN();
    const [none] = numbersOf(run((a) => logSumExp(a, { axes: 1 }), [f64([1, 0], [])]));
    expect(none).toEqual([-Infinity]);
  });
});
