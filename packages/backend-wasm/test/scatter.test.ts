import "./relaxed.ts";
import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { evaluate, input, program, scatter } from "@adjoint/ir";
import { type DType, valueOf } from "@adjoint/ir/values";
import { describe, expect, it } from "vitest";
import { ramp } from "./kernel-support.ts";

describe("scatter kernels", () => {
  it.each(["none", "add", "mul", "max", "min"] as const)(
    "joins rows by %s, repeated ones in order",
    async (how) => {
      for (const [dtype, width] of [
        ["f32", 7],
        ["f32", 16],
        ["f32", 2],
        ["i32", 5],
        ["f64", 6],
      ] satisfies readonly (readonly [DType, number])[]) {
        const inputs = {
          data: ramp(dtype, [4, width]),
          rows: valueOf("i32", [5, 1], [3, 0, 3, 1, 3]),
          updates: ramp(dtype, [5, width]),
        };
        const data = input("data", dtype, [4, width]);
        const rows = input("rows", "i32", [5, 1]);
        const updates = input("updates", dtype, [5, width]);
        const main = program({
          inputs: { data, rows, updates },
          outputs: { y: scatter(data, rows, updates.mul(2), how) },
        });
        await using session = await compile({ main }, { backend: await wasm() });
        const feeds = { data: inputs.data.data, rows: inputs.rows.data, updates: inputs.updates.data };
        const { y } = await session.run("main", feeds);
        expect(y.data).toEqual(evaluate(main, inputs).outputs.y?.data);
        const outside = { ...feeds, rows: Int32Array.of(0, 1, 4, 0, 0) };
        await expect(session.run("main", outside)).rejects.toThrow(/index 4 lies outside an axis of size 4/);
      }
    },
  );
});
