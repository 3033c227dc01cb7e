import "./relaxed.ts";
import { type Tensor, cumProd, cumSum, take } from "@adjoint/ir";
import { valueOf } from "@adjoint/ir/values";
import { describe, expect, it } from "vitest";
import { type Ran, check, get, ramp } from "./kernel-support.ts";

const all = (x: Tensor, axes: readonly number[]): Record<string, Tensor> => ({
  sum: x.reduceSum({ axes }),
  largest: x.reduceMax({ axes }),
  smallest: x.reduceMin({ axes }),
});

describe("reduce kernels", () => {
  it.each([1, 2, 3, 4, 5, 9, 13, 16, 31, 64, 67])("folds lines of %i", (size) => {
    check({ x: ramp("f32", [5, size]), u: ramp("u32", [5, size]) }, (t) => ({
      ...all(get(t, "x"), [1]),
      product: get(t, "x")
        .mul(0.3)
        .reduceProd({ axes: [1] }),
      unsigned: get(t, "u").reduceMax({ axes: [1] }),
    }));
  });
  it.each([3, 4, 10, 16, 17, 30, 70])("folds %i columns", (size) => {
    check({ x: ramp("f32", [11, size]), scale: ramp("f32", [size]) }, (t) => ({
      ...all(get(t, "x"), [0]),
      scaled: get(t, "x")
        .reduceSum({ axes: [0] })
        .mul(get(t, "scale"))
        .greater(0),
    }));
  });
  it("folds the axes around a line of columns, and between lines", () => {
    check({ x: ramp("f32", [3, 6, 5, 7]) }, (t) => ({
      channels: get(t, "x").reduceSum({ axes: [0, 2, 3] }),
      ends: get(t, "x").reduceMax({ axes: [0, 3] }),
      middle: get(t, "x").reduceSum({ axes: [1, 2] }),
      everything: get(t, "x").reduceSum(),
    }));
  });
  it.each([
    [28, 2],
    [13, 3],
    [9, 2],
  ])("takes the largest of windows of %i points by %i", (size, step) => {
    const wide = size * step;
    check({ x: ramp("f32", [2, wide, wide]) }, (t) => {
      const windows = get(t, "x").reshape([2, size, step, size, step]);
      const largest = windows.reduceMax({ axes: [2, 4], keepDims: true });
      return {
        largest,
        positions: windows
          .equal(largest)
          .cast("f32")
          .reduceSum({ axes: [2, 4] }),
      };
    });
  });
  it("looks up by each line's own number", () => {
    const at = valueOf("i32", [6], [2, 0, 1, 1, 2, 0]);
    check({ x: ramp("f32", [3, 40]), at }, (t) => ({
      y: take(get(t, "x"), get(t, "at"), 0).reduceSum({ axes: [1] }),
    }));
  });
  it.each(["f64", "i64", "f16", "i16", "bool"] as const)("folds %s one by one", (dtype) => {
    check({ x: ramp(dtype, [4, 6]) }, (t) => {
      const x = get(t, "x");
      return dtype === "bool"
        ? { y: x.cast("i32").reduceSum({ axes: [1] }) }
        : { y: x.reduceMax({ axes: [1] }) };
    });
  });
  it("sums in doubles and rounds once: lines, columns and running sums", () => {
    // Each 1 is less than half the spacing of f32 at 10⁸.
    const line = [1e8, ...Array<number>(31).fill(1), -1e8];
    const feeds = {
      rows: valueOf("f32", [8, 33], Array.from({ length: 8 }, () => line).flat()),
      columns: valueOf(
        "f32",
        [33, 8],
        line.flatMap((x) => Array<number>(8).fill(x)),
      ),
    };
    const { outputs } = check(feeds, (t) => ({
      lines: get(t, "rows").reduceSum({ axes: [1] }),
      columns: get(t, "columns").reduceSum({ axes: [0] }),
      running: cumSum(get(t, "rows"), { axis: 1 }).slice([{}, { start: 32 }]),
    }));
    for (const values of outputs) expect(new Set(Array.from(values, Number))).toEqual(new Set([31]));
  });
  it("finds the first of the largest", () => {
    check({ x: ramp("f32", [4, 25]) }, (t) => ({
      rows: get(t, "x").argMax({ axis: 1 }),
      columns: get(t, "x").argMin({ axis: 0 }),
    }));
  });

  const parts = ({ units: [stages = []] }: Ran): number => stages.length;
  it.each([
    ["everything", [40_003], [0]],
    ["a few lines", [2, 30_001], [1]],
    ["lines of lines", [90, 3, 401], [0, 2]],
    ["a few columns", [9000, 5], [0]],
    ["columns of three vectors", [4000, 11], [0]],
    ["columns of four vectors", [4000, 15], [0]],
    ["columns of lines", [50, 3, 60, 5], [0, 2]],
  ] as const)("joins parts of %s in one order", (_, shape, axes) => {
    const ran = check({ x: ramp("f32", shape) }, (t) => ({
      sum: get(t, "x").mul(0.1).reduceSum({ axes }),
    }));
    expect(parts(ran)).toBe(2);
    expect(ran.units[0]?.[0]).toBeGreaterThanOrEqual(4);
  });
  it("leaves small folds and positions whole", () => {
    expect(parts(check({ x: ramp("f32", [500]) }, (t) => ({ y: get(t, "x").reduceSum() })))).toBe(1);
    const positions = check({ x: ramp("f32", [40_000]) }, (t) => ({ y: get(t, "x").argMax({ axis: 0 }) }));
    expect(parts(positions)).toBe(1);
  });
});

describe("cumulative kernels", () => {
  it.each(["f32", "i32"] as const)("runs along lines of %s", (dtype) => {
    check({ x: ramp(dtype, [3, 4, 5]) }, (t) => ({
      sum: cumSum(get(t, "x"), { axis: 2, exclusive: true }),
      product: cumProd(get(t, "x"), { axis: 1, reverse: true }),
    }));
  });
});
