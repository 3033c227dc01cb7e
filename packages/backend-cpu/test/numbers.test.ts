import { conv, input } from "@adjoint/ir";
import { valueOf } from "@adjoint/ir/values";
import { describe, expect, it } from "vitest";
import { graphOf, modes, run } from "./support.ts";

describe.each(modes)("numbers of %s kernels", (kernels) => {
  it.each([
    ["f32", 2 ** -12],
    ["f16", 2 ** -6],
    ["bf16", 2 ** -5],
  ] as const)("of %s are rounded after each operation", async (dtype, small) => {
    const x = input("x", dtype, [1]);
    // (1 + small)² − 1, whose last term is lost where the square is rounded.
    const { outputs } = await run(
      graphOf({ y: x.mul(x).sub(1).cast("f64") }),
      { x: valueOf(dtype, [1], [1 + small]) },
      { kernels },
    );
    expect(outputs["y"]?.data[0]).toBe(2 * small);
  });

  it("of reductions and running sums are kept in doubles and rounded once", async () => {
    const x = input("x", "f32", [3]);
    const { outputs } = await run(
      graphOf({ sum: x.reduceSum(), running: x.cumSum({ axis: 0 }) }),
      { x: valueOf("f32", [3], [1e8, 1, -1e8]) },
      { kernels },
    );
    expect([outputs["sum"]?.data[0], outputs["running"]?.data[2]]).toEqual([1, 1]);
  });

  it("of integers divided by zero are 0", async () => {
    for (const dtype of ["i32", "u8", "i64"] as const) {
      const [x, y] = [input("x", dtype, [2]), input("y", dtype, [2])];
      const feeds = { x: valueOf(dtype, [2], [7, 0]), y: valueOf(dtype, [2], [0, 0]) };
      const { outputs } = await run(graphOf({ z: x.div(y) }), feeds, { kernels });
      expect(Array.from(outputs["z"]?.data ?? [], Number)).toEqual([0, 0]);
    }
  });

  it("of a convolution with an infinite weight are NaN where it reaches over the edge", async () => {
    const [x, w] = [input("x", "f32", [1, 1, 3]), input("w", "f32", [1, 1, 2])];
    const feeds = { x: valueOf("f32", [1, 1, 3], [1, 2, 3]), w: valueOf("f32", [1, 1, 2], [Infinity, 1]) };
    const { outputs } = await run(graphOf({ y: conv(x, w, { padLow: [1], padHigh: [0] }) }), feeds, {
      kernels,
    });
    expect([...(outputs["y"]?.data ?? [])]).toEqual([NaN, Infinity, Infinity]);
  });
});
