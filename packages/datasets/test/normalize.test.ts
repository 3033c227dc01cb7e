import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { dataset, type Dataset, type Normalization, type StatisticsOptions } from "../src/index.ts";
import { f32, i32, refusal } from "./support.ts";

/** Two examples of shape [2, 2]. */
const squares = dataset({ x: f32([2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]) });

function values(data: Dataset<{ x: "f32" }>): number[] {
  return [...data.column("x").data];
}

describe("normalize", () => {
  it("subtracts the mean and divides by the deviation", () => {
    const data = squares.normalize("x", { mean: 1, deviation: 2 });
    expect(values(data)).toEqual([-0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3]);
    expectTypeOf(data).toEqualTypeOf<Dataset<{ readonly x: "f32" }>>();
  });

  it("takes one value for each place of the last axis or of the example", () => {
    const last = squares.normalize("x", { mean: [0, 1], deviation: [1, 2] });
    expect(values(last)).toEqual([0, 0, 2, 1, 4, 2, 6, 3]);
    const each = squares.normalize("x", { mean: [0, 1, 2, 3], deviation: 2 });
    expect(values(each)).toEqual([0, 0, 0, 0, 2, 2, 2, 2]);
  });

  it("maps a range to a range", () => {
    expect(values(squares.normalize("x", { from: [0, 4] }))).toEqual([
      0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75,
    ]);
    expect(values(squares.normalize("x", { from: [0, 4], to: [-1, 1] }))).toEqual([
      -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5,
    ]);
    expect(values(squares.normalize("x", { from: [0, 4], to: [1, 0] }))[3]).toBe(0.25);
    expect(values(squares.normalize("x", { from: [[0, 1], 4] }))).toEqual(
      [0, 0, 0.5, 2 / 3, 1, 4 / 3, 1.5, 2].map(Math.fround),
    );
  });

  it("divides bytes by 255 to the nearest float", () => {
    const bytes = dataset({ x: { dtype: "u8", shape: [256], data: Uint8Array.from(Array(256).keys()) } });
    const expected = Array.from(Array(256).keys(), (byte) => byte / 255);
    expect(values(bytes.normalize("x", { from: [0, 255] }))).toEqual(expected.map(Math.fround));
    const wide = bytes.normalize("x", { from: [0, 255] }, { dtype: "f64" });
    expect([...wide.column("x").data]).toEqual(expected);
    expectTypeOf(wide.column("x").data).toEqualTypeOf<Float64Array>();
  });

  it("can follow itself, and comes with batches in any order", () => {
    const twice = squares
      .pick([1, 0])
      .normalize("x", { mean: 4, deviation: 2 })
      .normalize("x", { mean: 1, deviation: 0.5 });
    const [, second] = twice.batches({ size: 1 });
    expect([...(second?.x.data ?? [])]).toEqual([-6, -5, -4, -3]);
    expect(values(twice)).toEqual([-2, -1, 0, 1, -6, -5, -4, -3]);
  });

  it.each([
    [{ mean: NaN, deviation: 1 }, "bad-option", "must be { mean, deviation }"],
    [{ mean: 0, deviation: Infinity }, "bad-option", "finite"],
    [{ mean: 0, deviation: 0 }, "bad-option", "the deviation must not be 0"],
    [{ mean: 0, deviation: [1, 0] }, "bad-option", "the deviation must not be 0"],
    [{ mean: [], deviation: 1 }, "bad-option", "mean must be a finite number or a list of them and is []"],
    [{ from: [1, 1] }, "bad-option", 'the width of "from" must not be 0'],
    [{ from: [0, 1], to: [2, 2] }, "bad-option", '"to" must be a range of some width and is [2, 2]'],
    [{ mean: 0 }, "bad-option", "must be { mean, deviation }"],
    [
      { mean: [1, 2, 3], deviation: 1 },
      "bad-shape",
      "got 3 values for examples of shape [2, 2]. Give 1, 2 (the last axis) or 4",
    ],
    [{ mean: [1, 2], deviation: [1, 2, 3, 4] }, "bad-shape", "lists of 2 and 4 values"],
  ] as [Normalization, string, string][])("refuses %o", async (normalization, code, problem) => {
    const error = await refusal(() => squares.normalize("x", normalization));
    expect(error.reason).toBe(code);
    expect(error.message).toMatch(/^normalize: /);
    expect(error.message).toContain(problem);
  });
});

describe("standardization", () => {
  const train = dataset({ x: f32([4, 2], [1, 10, 3, 10, 5, 10, 7, 10]) });
  const test = dataset({ x: f32([1, 2], [9, 12]) });

  it("is fitted on one set and applied to another", () => {
    const scale = train.standardization("x");
    expect(scale).toEqual({ mean: [4, 10], deviation: [Math.sqrt(5), 1] });
    expect(values(test.normalize("x", scale))).toEqual([5 / Math.sqrt(5), 2].map(Math.fround));
    expect(JSON.parse(JSON.stringify(scale))).toEqual(scale);
  });

  it("can be one for all elements", () => {
    const scale = train.standardization("x", { per: "field" });
    expect(scale).toEqual({ mean: 7, deviation: Math.sqrt((36 + 16 + 4 + 0 + 4 * 9) / 8) });
  });

  it("makes the mean 0 and the deviation 1", () => {
    const rows = fc.array(
      fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.double({ min: -1, max: 1, noNaN: true })),
      {
        minLength: 2,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(rows, (table) => {
        const data = dataset({
          x: { dtype: "f64", shape: [table.length, 2], data: Float64Array.from(table.flat()) },
        });
        const scale = data.standardization("x");
        const again = data.normalize("x", scale, { dtype: "f64" }).standardization("x");
        for (const place of [0, 1]) {
          // Deviations near the spacing of floats at the mean are rounding alone.
          if (([scale.deviation].flat()[place] ?? 0) < 1e-6) continue;
          expect([again.mean].flat()[place]).toBeCloseTo(0, 8);
          expect([again.deviation].flat()[place]).toBeCloseTo(1, 8);
        }
      }),
    );
  });

  it("makes a constant 0, whatever its sum is rounded to", () => {
    const data = dataset({ x: { dtype: "f64", shape: [10], data: new Float64Array(10).fill(0.1) } });
    expect(data.standardization("x")).toEqual({ mean: [0.1], deviation: [1] });
    expect([...data.normalize("x", data.standardization("x")).column("x").data]).toEqual(Array(10).fill(0));
  });

  it("keeps small deviations beside a large mean", () => {
    const data = dataset({ x: { dtype: "f64", shape: [3], data: Float64Array.of(1e9, 1e9 + 1, 1e9 + 2) } });
    expect(data.standardization("x").deviation).toEqual([Math.sqrt(2 / 3)]);
  });

  it("reads through data of many pieces", () => {
    const length = 100_001;
    const data = dataset({
      x: { dtype: "f64", shape: [length, 2], data: Float64Array.from({ length: 2 * length }, (_, i) => i) },
    });
    expect(data.standardization("x").mean).toEqual([length - 1, length]);
    expect(data.range("x").from).toEqual([
      [0, 1],
      [2 * length - 2, 2 * length - 1],
    ]);
  });

  it.each([NaN, Infinity, -Infinity])("refuses %d among the values", async (value) => {
    const data = dataset({ x: f32([3, 2], [0, 1, 2, 3, value, 5]) });
    for (const run of [() => data.standardization("x"), () => data.range("x")]) {
      const error = await refusal(run);
      expect(error.reason).toBe("bad-value");
      expect(error.message).toContain(`example 2 has the value ${value}`);
    }
  });

  it("refuses unknown options", async () => {
    const options = { per: "row" } as unknown as StatisticsOptions; // What callers without types can pass.
    expect((await refusal(() => train.standardization("x", options))).message).toBe(
      'standardization: per must be "feature" or "field" and is "row".',
    );
  });
});

describe("range", () => {
  const data = dataset({ x: i32([3, 2], [-2, 5, 0, 5, 6, 5]) });

  it("makes the smallest value 0 and the largest 1", () => {
    const scale = data.range("x");
    expect(scale).toEqual({
      from: [
        [-2, 5],
        [6, 6],
      ],
      to: [0, 1],
    });
    expect([...data.normalize("x", scale).column("x").data]).toEqual([0, 0, 0.25, 0, 1, 0]);
  });

  it("can be one for all elements", () => {
    expect(data.range("x", { per: "field" })).toEqual({ from: [-2, 6], to: [0, 1] });
  });
});
