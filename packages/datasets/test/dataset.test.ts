import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type Column, dataset, type Dataset } from "../src/index.ts";
import { counting, f32, i32, refusal } from "./support.ts";

function ys(data: Dataset<{ x: "f32"; y: "i32" }>): number[] {
  const { x, y } = data.columns();
  expect([...x.data]).toEqual([...y.data].flatMap((value) => [2 * value, 2 * value + 1]));
  return [...y.data];
}

// Values that callers without types can pass.

describe("dataset", () => {
  it("knows its fields and their types", () => {
    const data = dataset({ x: f32([2, 3, 1], Array(6).keys()), y: i32([2], [0, 1]) });
    expectTypeOf(data).toEqualTypeOf<Dataset<{ x: "f32"; y: "i32" }>>();
    expect(data.length).toBe(2);
    expect(data.fields).toEqual({ x: { dtype: "f32", shape: [3, 1] }, y: { dtype: "i32", shape: [] } });
    expect(data.column("x")).toEqual({
      dtype: "f32",
      shape: [2, 3, 1],
      data: Float32Array.of(0, 1, 2, 3, 4, 5),
    });
    expectTypeOf(data.column("y").data).toEqualTypeOf<Int32Array>();
  });

  it("takes every element type", () => {
    const data = dataset({
      f64: { dtype: "f64", shape: [1], data: Float64Array.of(0.1) },
      bf16: { dtype: "bf16", shape: [1], data: Uint16Array.of(1) },
      i64: { dtype: "i64", shape: [1], data: BigInt64Array.of(-1n) },
      u64: { dtype: "u64", shape: [1], data: BigUint64Array.of(1n) },
      i16: { dtype: "i16", shape: [1], data: Int16Array.of(-1) },
      i8: { dtype: "i8", shape: [1], data: Int8Array.of(-1) },
      u32: { dtype: "u32", shape: [1], data: Uint32Array.of(1) },
      u16: { dtype: "u16", shape: [1], data: Uint16Array.of(1) },
      u8: { dtype: "u8", shape: [1], data: Uint8Array.of(1) },
      bool: { dtype: "bool", shape: [1], data: Uint8Array.of(1) },
    });
    expect(data.at(0).i64).toEqual({ dtype: "i64", shape: [], data: BigInt64Array.of(-1n) });
  });

  it.each([
    ["no column", {}, "empty", "at least one column"],
    ["null", null, "bad-option", "needs columns by name, got null"],
    ["a column that is none", { x: 3 }, "bad-option", 'column "x" must be { dtype, shape, data } and is 3'],
    [
      "an unknown type",
      { x: { dtype: "f33", shape: [1], data: Float32Array.of(1) } },
      "bad-dtype",
      'dtype "f33"',
    ],
    [
      "an inherited name as type",
      { x: { dtype: "toString", shape: [1], data: [1] } },
      "bad-dtype",
      "toString",
    ],
    [
      "another array",
      { x: { dtype: "f32", shape: [1], data: Float64Array.of(1) } },
      "bad-dtype",
      "needs a Float32Array, got a Float64Array",
    ],
    [
      "a plain array",
      { x: { dtype: "f32", shape: [1], data: [1] } },
      "bad-dtype",
      "needs a Float32Array, got [1]",
    ],
    ["a scalar", { x: f32([], [1]) }, "bad-shape", "scalar"],
    ["a fraction in a shape", { x: f32([1.5], [1]) }, "bad-shape", "[1.5]"],
    ["a negative size", { x: f32([-1, -1], [1]) }, "bad-shape", "[-1, -1]"],
    ["examples beyond counting", { x: f32([2 ** 32], [1]) }, "too-large", "at most 2^32−1"],
    [
      "a long plain array",
      { x: { dtype: "f32", shape: [9], data: Array(9).fill(1) } },
      "bad-dtype",
      "got a list of 9.",
    ],
    [
      "too few elements",
      { x: f32([2, 2], [1, 2, 3]) },
      "bad-shape",
      "[2, 2] needs 4 elements, its data have 3",
    ],
    ["no example", { x: f32([0, 3], []) }, "empty", "[0, 3] is empty"],
    ["examples without elements", { x: f32([3, 0], []) }, "empty", "[3, 0] is empty"],
    [
      "columns of different lengths",
      { x: f32([2], [1, 2]), y: i32([3], [1, 2, 3]) },
      "bad-shape",
      'column "y" has 3 examples, column "x" has 2',
    ],
  ])("refuses %s", async (_, columns, code, problem) => {
    const error = await refusal(() => dataset(columns as Record<string, Column>));
    expect(error.reason).toBe(code);
    expect(error.message).toContain(problem);
  });
});

describe("choosing examples", () => {
  it("by index, from the front and the back", () => {
    const data = counting(6);
    expect(ys(data.take(2))).toEqual([0, 1]);
    expect(ys(data.take(6))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(ys(data.skip(4))).toEqual([4, 5]);
    expect(ys(data.skip(0))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(ys(data.pick([5, 0, 5]))).toEqual([5, 0, 5]);
    expect(ys(data.pick(Uint8Array.of(1)))).toEqual([1]);
    expect(data.at(-1)).toEqual({
      x: { dtype: "f32", shape: [2], data: Float32Array.of(10, 11) },
      y: { dtype: "i32", shape: [], data: Int32Array.of(5) },
    });
    expect(data.at(0)).toEqual(data.at(-6));
  });

  it("any number of times over", () => {
    const numbers = fc.array(fc.nat(), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(numbers, { maxLength: 4 }), (length, steps) => {
        let data = counting(length);
        let expected = [...Array(length).keys()];
        for (const step of steps) {
          const indices = step.map((number) => number % expected.length);
          data = data.pick(indices);
          expected = indices.map((index) => expected[index] ?? NaN);
        }
        expect(ys(data)).toEqual(expected);
      }),
    );
  });

  it("in a random order that the seed fixes", () => {
    expect(ys(counting(10).shuffle(1))).toEqual([6, 0, 1, 5, 9, 8, 4, 3, 2, 7]);
    expect(ys(counting(10).shuffle(2))).not.toEqual(ys(counting(10).shuffle(1)));
    expect(ys(counting(50).shuffle(3)).toSorted((a, b) => a - b)).toEqual([...Array(50).keys()]);
  });

  it("leaves the data set itself alone", () => {
    const data = counting(5);
    data.shuffle(1);
    data.take(1);
    data.column("x").data.fill(9);
    data.columns().x.data.fill(9);
    data.at(0).x.data.fill(9);
    expect(ys(data)).toEqual([0, 1, 2, 3, 4]);
  });

  it.each([
    ["take 0", (data) => data.take(0), "bad-option", "take: must be a whole number ≥ 1 and is 0."],
    ["take too many", (data) => data.take(4), "bad-option", "take: must be at most 3 and is 4."],
    [
      "take half a one",
      (data) => data.take(0.5),
      "bad-option",
      "take: must be a whole number ≥ 1 and is 0.5.",
    ],
    ["skip all", (data) => data.skip(3), "empty", "skip: would leave no example."],
    ["skip backwards", (data) => data.skip(-1), "bad-option", "skip: must be a whole number ≥ 0 and is -1."],
    ["pick none", (data) => data.pick([]), "empty", "pick: would leave no example."],
    [
      "pick another",
      (data) => data.pick([0, 3]),
      "bad-option",
      "pick: there is no example 3; the 3 examples are counted from 0.",
    ],
    [
      "pick NaN",
      (data) => data.pick([NaN]),
      "bad-option",
      "pick: there is no example NaN; the 3 examples are counted from 0.",
    ],
    [
      "at another",
      (data) => data.at(-4),
      "bad-option",
      "at: there is no example -1; the 3 examples are counted from 0.",
    ],
    [
      "shuffle without a seed",
      (data) => data.shuffle(NaN),
      "bad-option",
      "shuffle: must be a whole number ≥ 0 and is NaN.",
    ],
  ] as [string, (data: Dataset<{ x: "f32"; y: "i32" }>) => unknown, string, string][])(
    "refuses to %s",
    async (_, run, code, message) => {
      const error = await refusal(() => run(counting(3)));
      expect([error.reason, error.message]).toEqual([code, message]);
    },
  );
});

describe("fields", () => {
  it("can be selected", () => {
    const data = counting(2).select("y");
    expectTypeOf(data).toEqualTypeOf<Dataset<{ y: "i32" }>>();
    expect(data.columns()).toEqual({ y: i32([2], [0, 1]) });
  });

  it("can be renamed, even into each other's names", () => {
    const renamed = counting(2).rename({ x: "inputs" });
    expectTypeOf(renamed.column("inputs").data).toEqualTypeOf<Float32Array>();
    expect(renamed.columns()).toEqual({ inputs: f32([2, 2], [0, 1, 2, 3]), y: i32([2], [0, 1]) });
    const swapped = counting(2).rename({ x: "y", y: "x" });
    expectTypeOf(swapped.column("x").data).toEqualTypeOf<Int32Array>();
    expect(swapped.column("x")).toEqual(i32([2], [0, 1]));
  });

  it("that don't exist are refused with those that do", async () => {
    const untyped = counting(2) as unknown as Dataset<Record<string, "f32">>; // Values that callers without types can pass.
    for (const run of [
      () => untyped.column("z"),
      () => untyped.select("z"),
      () => untyped.rename({ z: "w" }),
      () => untyped.mapValues("z", (value) => value),
      () => untyped.cast("z", "f64"),
      () => untyped.normalize("z", { mean: 0, deviation: 1 }),
      () => untyped.standardization("z"),
      () => untyped.range("z"),
      () => untyped.oneHot("z", 2),
      () => untyped.resize("z", [1, 1]),
    ]) {
      const error = await refusal(run);
      expect(error.reason).toBe("bad-field");
      expect(error.message).toMatch(/no field "z"\. The fields are "x", "y"\.$/);
    }
  });

  it("must keep different names, and there must be one", async () => {
    const names = { x: 3n } as unknown as { x: "z" }; // Values that callers without types can pass.
    expect((await refusal(() => counting(2).rename(names))).message).toBe(
      'rename: the new name of "x" must be a string and is 3n.',
    );
    expect((await refusal(() => counting(2).rename({ x: "y" }))).message).toBe(
      'rename: two fields would be called "y". Rename the other one as well.',
    );
    expect((await refusal(() => counting(2).select())).message).toBe("select: name at least one field.");
  });
});

describe("cache", () => {
  it("has the same examples in arrays of its own", () => {
    const x = f32([4, 2], Array(8).keys());
    const data = dataset({ x }).shuffle(1).normalize("x", { mean: 1, deviation: 2 });
    const before = data.columns();
    const cached = data.cache();
    expectTypeOf(cached).toEqualTypeOf(data);
    // Only a data set that computes from the array it was given sees the change.
    x.data.fill(0);
    expect(data.columns()).not.toEqual(before);
    expect(cached.columns()).toEqual(before);
  });
});

it("converts data sets of any length", () => {
  const length = 70_000;
  const numbers = Int32Array.from(Array(length).keys());
  const data = dataset({ y: { dtype: "i32", shape: [length], data: numbers.map((number) => number % 3) } });
  const expected = Array.from(numbers, (number) => number % 3);
  expect([...data.cast("y", "i16").column("y").data]).toEqual(expected);
  const hot = data.oneHot("y", 3).column("y").data;
  expect(Array.from(numbers, (row) => hot.subarray(3 * row, 3 * row + 3).indexOf(1))).toEqual(expected);
  expect(hot.reduce((a, b) => a + b)).toBe(length);
});
