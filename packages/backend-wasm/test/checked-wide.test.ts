import "./relaxed.ts";
import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { evaluate, input, program } from "@adjoint/ir";
import { type DType, type TensorValue, valueOf } from "@adjoint/ir/values";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasWideVectors, layOutForWideVectors } from "../src/wide.ts";

// The layout alone: every engine runs it, and only some join the pairs.
layOutForWideVectors();

/** Small whole numbers: their products and sums are exact in any order. */
const whole = (dtype: DType, shape: readonly [number, number], seed: number): TensorValue =>
  valueOf(
    dtype,
    shape,
    Array.from({ length: shape[0] * shape[1] }, (_, index) => ((index * 7 + seed) % 5) - 2),
  );

describe("kernels laid out for wide vectors", () => {
  it("read around their operands no further than four vectors, and multiply what they should", async () => {
    expect(hasWideVectors()).toBe(true);
    const sizes = fc.record({
      dtype: fc.constantFrom<DType>("f32", "f64", "f16", "i32", "i8"),
      rows: fc.integer({ min: 1, max: 33 }),
      inner: fc.integer({ min: 1, max: 49 }),
      columns: fc.integer({ min: 1, max: 35 }),
      turned: fc.boolean(),
      seed: fc.nat(4),
    });
    using backend = await wasm({ checked: true });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ dtype, rows, inner, columns, turned, seed }) => {
        const shape = turned ? ([columns, inner] as const) : ([inner, columns] as const);
        const [a, b] = [input("a", dtype, [rows, inner]), input("b", dtype, shape)];
        const graph = program({
          inputs: { a, b },
          outputs: { y: a.matMul(turned ? b.transpose([1, 0]) : b) },
        });
        const feeds = { a: whole(dtype, [rows, inner], seed), b: whole(dtype, shape, seed + 1) };
        await using session = await compile({ main: graph }, { backend });
        const { y } = await session.run("main", feeds);
        expect(y.data).toEqual(evaluate(graph, feeds).outputs["y"]?.data);
      }),
      {
        seed: 8406,
        numRuns: 60,
        examples: [[{ dtype: "f32", rows: 32, inner: 48, columns: 6, turned: false, seed: 0 }]],
      },
    );
  });
});
