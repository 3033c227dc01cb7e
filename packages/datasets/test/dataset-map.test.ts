import { describe, expect, expectTypeOf, it } from "vitest";
import { type Column, type Columns, dataset, type Dataset } from "../src/index.ts";
import { counting, f32, i32, refusal } from "./support.ts";

function ys(data: Dataset<{ x: "f32"; y: "i32" }>): number[] {
  const { x, y } = data.columns();
  expect([...x.data]).toEqual([...y.data].flatMap((value) => [2 * value, 2 * value + 1]));
  return [...y.data];
}

const unsafe = (column: unknown): Column => column as Column; // What callers without types can pass.

describe("map", () => {
  it("makes other columns of these", () => {
    const sums = counting(3).map(({ x, y }) => {
      const sum = Float64Array.from(y.data, (_, row) => (x.data[2 * row] ?? 0) + (x.data[2 * row + 1] ?? 0));
      return { sum: { dtype: "f64", shape: y.shape, data: sum }, y };
    });
    expectTypeOf(sums).toEqualTypeOf<Dataset<{ sum: "f64"; y: "i32" }>>();
    expect([...sums.column("sum").data]).toEqual([1, 5, 9]);
    expect([...sums.column("y").data]).toEqual([0, 1, 2]);
  });

  it("may change the arrays that it gets", () => {
    const data = counting(2);
    const negative = data.map((columns) => {
      columns.x.data.forEach((value, index) => (columns.x.data[index] = -value));
      return columns;
    });
    expect([...negative.column("x").data]).toEqual([-0, -1, -2, -3]);
    expect(ys(data)).toEqual([0, 1]);
  });

  it("checks what it is given", async () => {
    const error = await refusal(() => counting(2).map(() => ({ x: f32([3], [1]) })));
    expect(error.reason).toBe("bad-shape");
  });
});

describe("mapValues", () => {
  it("applies a function to each element", () => {
    const data = counting(3)
      .skip(1)
      .mapValues("x", (value) => value / 4, { dtype: "f64" });
    expectTypeOf(data).toEqualTypeOf<Dataset<{ readonly x: "f64"; readonly y: "i32" }>>();
    expect(data.column("x")).toEqual({
      dtype: "f64",
      shape: [2, 2],
      data: Float64Array.of(0.5, 0.75, 1, 1.25),
    });
    expect(
      counting(2)
        .mapValues("y", (value) => value + 0.5)
        .column("y"),
    ).toEqual(f32([2], [0.5, 1.5]));
  });

  it("refuses results that the type can't hold", async () => {
    const error = await refusal(() => counting(3).mapValues("x", (value) => 255 * value, { dtype: "u8" }));
    expect(error.reason).toBe("bad-value");
    expect(error.message).toBe("mapValues: example 1 has the value 510, which u8 can't hold exactly.");
  });

  it("refuses types that aren't numbers", async () => {
    const dtype = "i64" as unknown as "i32"; // What callers without types can pass.
    expect((await refusal(() => counting(3).mapValues("x", (value) => value, { dtype }))).message).toBe(
      'mapValues: dtype must be f64, f32, i32, i16, i8, u32, u16, u8 or bool and is "i64".',
    );
    const bits = dataset({
      half: unsafe({ dtype: "f16", shape: [1], data: Uint16Array.of(1) }) as Column<"f32">,
    });
    for (const run of [
      () => bits.mapValues("half", (value) => value),
      () => bits.normalize("half", { mean: 0, deviation: 1 }),
      () => bits.cast("half", "f64"),
      () => bits.oneHot("half", 2),
      () => bits.resize("half", [1, 1]),
    ]) {
      expect((await refusal(run)).reason).toBe("bad-dtype");
    }
    const target = "f16" as unknown as "f32"; // What callers without types can pass.
    expect((await refusal(() => counting(1).cast("x", target))).message).toBe(
      'cast: must be the name of an element type that isn\'t f16 or bf16 and is "f16".',
    );
  });
});

describe("cast", () => {
  it("keeps values", () => {
    const data = dataset({ x: f32([3], [0, 1, 1]) });
    for (const dtype of ["f64", "f32", "i32", "i16", "i8", "u32", "u16", "u8", "bool"] as const) {
      expect(data.cast("x", dtype).fields.x.dtype).toBe(dtype);
      expect([...data.cast("x", dtype).column("x").data]).toEqual([0, 1, 1]);
    }
    expect(data.cast("x", "i64").column("x").data).toEqual(BigInt64Array.of(0n, 1n, 1n));
    expect(data.cast("x", "u64").cast("x", "i8").column("x").data).toEqual(Int8Array.of(0, 1, 1));
    expectTypeOf(data.cast("x", "i64").column("x").data).toEqualTypeOf<BigInt64Array>();
  });

  it("rounds floats, and leaves NaN and infinities as they are", () => {
    const data = dataset({
      x: { dtype: "f64", shape: [4], data: Float64Array.of(0.1, NaN, Infinity, -Infinity) },
    });
    expect(data.cast("x", "f32").column("x")).toEqual(f32([4], [0.1, NaN, Infinity, -Infinity]));
  });

  it.each([
    [0.5, "i32"],
    [NaN, "i32"],
    [-1, "u8"],
    [256, "u8"],
    [2, "bool"],
    [-1, "u64"],
    [2 ** 60, "i64"],
    [1e39, "f32"],
    [Infinity, "u32"],
  ] as const)("refuses %d as %s", async (value, dtype) => {
    const data = dataset({ x: { dtype: "f64", shape: [2], data: Float64Array.of(0, value) } });
    const error = await refusal(() => data.cast("x", dtype));
    expect(error.message).toBe(`cast: example 1 has the value ${value}, which ${dtype} can't hold exactly.`);
  });

  it("refuses bigints beyond the whole numbers that floats state exactly", async () => {
    const data = dataset({ x: { dtype: "i64", shape: [1], data: BigInt64Array.of(2n ** 53n + 1n) } });
    const error = await refusal(() => data.cast("x", "f64"));
    expect(error.message).toBe(
      "cast: example 0 has the value 9007199254740993, which f64 can't hold exactly.",
    );
    expect(data.cast("x", "i64").column("x").data).toEqual(BigInt64Array.of(2n ** 53n + 1n));
  });

  it("tells how to compute with bigints", async () => {
    const big = dataset({ x: { dtype: "i64", shape: [1], data: BigInt64Array.of(1n) } });
    const untyped = big as unknown as Dataset<{ x: "f32" }>; // What callers without types can pass.
    expect((await refusal(() => untyped.normalize("x", { mean: 0, deviation: 1 }))).message).toBe(
      'normalize: can\'t compute with "x" of type i64. Cast it first: cast(field, "i32").',
    );
  });
});

describe("oneHot", () => {
  it("puts a one in the place of the class", () => {
    const data = dataset({ label: i32([3], [2, 0, 1]) }).oneHot("label", 3);
    expect(data.column("label")).toEqual(f32([3, 3], [0, 0, 1, 1, 0, 0, 0, 1, 0]));
    expectTypeOf(data).toEqualTypeOf<Dataset<{ readonly label: "f32" }>>();
  });

  it("takes labels of any shape and type, and only those of its own examples", () => {
    const labels = dataset({
      label: { dtype: "i64", shape: [3, 2], data: BigInt64Array.of(0n, 1n, 9n, 9n, 1n, 0n) },
    });
    const data = labels.pick([2, 0]).oneHot("label", 2);
    expect(data.column("label")).toEqual(f32([2, 2, 2], [0, 1, 1, 0, 1, 0, 0, 1]));
  });

  it.each([3, -1, 0.5, NaN, Infinity])("refuses the label %d", async (label) => {
    const error = await refusal(() => dataset({ label: f32([2], [0, label]) }).oneHot("label", 3));
    expect(error.reason).toBe("bad-value");
    expect(error.message).toBe(
      `oneHot: example 1 has the label ${label}. With 3 classes, labels are whole numbers from 0 to 2.`,
    );
  });

  it.each([0, -1, 1.5, NaN])("refuses %d classes", async (classes) => {
    const error = await refusal(() => counting(2).oneHot("y", classes));
    expect(error.message).toBe(`oneHot classes: must be a whole number ≥ 1 and is ${classes}.`);
  });

  it("refuses more than memory can hold", async () => {
    const error = await refusal(() => counting(2).oneHot("y", 2 ** 50));
    expect(error.reason).toBe("too-large");
  });
});

it("keeps the columns that a step leaves alone", () => {
  const images = f32([2, 1], [1, 2]);
  const data = dataset({ images, labels: i32([2], [0, 1]) });
  const later = data.oneHot("labels", 2).rename({ labels: "targets" });
  // Shared, not copied: a change of the caller's array (which nobody should make) shows in both.
  images.data[0] = 7;
  expect(later.at(0).images.data[0]).toBe(7);
  expectTypeOf<Columns<{ a: "f32" }>["a"]["shape"]>().toEqualTypeOf<readonly number[]>();
});
