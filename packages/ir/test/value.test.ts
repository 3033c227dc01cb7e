import {
  AdjointError,
  type Scalar,
  castScalar,
  dtypeInfo,
  dtypeRange,
  dtypes,
  elementReader,
  elementWriter,
  isFloat,
  isInteger,
  tensorValue,
  toNumbers,
  valueOf,
  zeroValue,
} from "@adjoint/ir/values";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("tensorValue", () => {
  test("wants the dtype's array and the shape's length, and does not copy", () => {
    const data = Float32Array.of(1, 2);
    expect(tensorValue("f32", [2], data).data).toBe(data);
    expect(() => tensorValue("f64", [2], data)).toThrow("f64[2] wants a Float64Array and got a Float32Array");
    expect(() => tensorValue("f32", [3], data)).toThrow("f32[3] has 3 elements and the array has 2");
    expect(() => valueOf("f32", [2, 2], [1])).toThrow("f32[2, 2] has 4 elements and 1 were given");
    expect(() => valueOf("f32", [2, 2], [1])).toThrow(AdjointError);
  });

  test("a scalar has one element, an empty shape none", () => {
    expect(zeroValue("i64", []).data).toEqual(BigInt64Array.of(0n));
    expect(zeroValue("f32", [3, 0]).data).toHaveLength(0);
  });
});

describe("elements", () => {
  test("are written and read back in every dtype", () => {
    for (const dtype of dtypes) {
      const value = zeroValue(dtype, [2]);
      const [read, write] = [elementReader(value), elementWriter(value)];
      write(1, dtypeInfo[dtype].big ? 1n : 1);
      expect(Number(read(1))).toBe(1);
      expect(Number(read(0))).toBe(0);
      expect(typeof read(0)).toBe(dtypeInfo[dtype].big ? "bigint" : "number");
    }
    expect(() => elementReader(zeroValue("i64", [2]))(2)).toThrow("element 2 of 2");
  });

  test("bools are any truth, halves are rounded, numbers become bigints", () => {
    expect([...valueOf("bool", [3], [true, 0, 7]).data]).toEqual([1, 0, 1]);
    expect(toNumbers(valueOf("f16", [2], [0.1, 2049]))).toEqual([0.0999755859375, 2048]);
    expect([...valueOf("i64", [2], [5, -(2n ** 63n)]).data]).toEqual([5n, -(2n ** 63n)]);
  });
});

/** Conversion by the words of the documentation, over exact integers. */
function reference(x: number, low: bigint, high: bigint): bigint {
  if (Number.isNaN(x)) return 0n;
  if (x === Infinity) return high;
  if (x === -Infinity) return low;
  const whole = BigInt(Math.trunc(x));
  return whole < low ? low : whole > high ? high : whole;
}

describe("casts", () => {
  const integers = dtypes.filter(isInteger);

  test("from floats to integers truncate and saturate, NaN to 0", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double(), fc.double({ min: -300, max: 300 }), fc.double({ min: -1e10, max: 1e10 })),
        (x) => {
          for (const dtype of integers) {
            const [low, high] = dtypeRange(dtype).map(BigInt);
            const cast = castScalar(x, dtype, true);
            expect(BigInt(cast)).toBe(reference(x, low ?? 0n, high ?? 0n));
            expect(Object.is(cast, -0)).toBe(false);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("from the floats at each end of a type, and their neighbours", () => {
    const wrong = integers.flatMap((dtype) => {
      const [low = 0n, high = 0n] = dtypeRange(dtype).map(BigInt);
      const ends = [low, high, high + 1n]
        .map(Number)
        .flatMap((end) => [end, end - 0.5, end + 0.5, end * (1 - 2 ** -53), end * (1 + 2 ** -52)]);
      return ends
        .filter((x) => BigInt(castScalar(x, dtype, true)) !== reference(x, low, high))
        .map((x) => `${x} to ${dtype}`);
    });
    expect(wrong).toEqual([]);
  });

  test("between integers wrap", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (x) => {
        for (const from of integers) {
          // As an element of `from` holds it.
          const held = castScalar(x, from);
          for (const to of integers) {
            const bits = dtypeInfo[to].bytes * 8;
            const wrapped =
              dtypeInfo[to].class === "int"
                ? BigInt.asIntN(bits, BigInt(held))
                : BigInt.asUintN(bits, BigInt(held));
            expect(BigInt(castScalar(held, to))).toBe(wrapped);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test("to bool are ≠ 0, from bool 0 or 1", () => {
    const truths: readonly [Scalar, number][] = [
      [0, 0],
      [-0, 0],
      [0.1, 1],
      [NaN, 1],
      [0n, 0],
      [2n ** 40n, 1],
    ];
    for (const [x, truth] of truths) expect(castScalar(x, "bool", typeof x === "number")).toBe(truth);
    for (const dtype of dtypes) expect(Number(castScalar(true, dtype))).toBe(1);
  });

  test("to floats keep the number; storage rounds it", () => {
    for (const dtype of dtypes.filter(isFloat)) expect(castScalar(2n ** 53n + 1n, dtype)).toBe(2 ** 53);
    expect(toNumbers(valueOf("f32", [1], [16777217n]))).toEqual([16777216]);
  });
});
