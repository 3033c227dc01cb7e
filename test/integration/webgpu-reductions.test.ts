import { webgpu } from "@adjoint/backend-webgpu";
import { type Backend, compile } from "@adjoint/compiler";
import { type Tensor, evaluate, input, program } from "@adjoint/ir";
import { elementCount, toNumbers, valueOf } from "@adjoint/ir/values";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gpuTitle, missingGpu, nodeGpu } from "../gpu.ts";

const reductions = ["reduceSum", "reduceMean", "reduceMax", "reduceMin", "argMax", "argMin"] as const;

/** A tensor of up to 4 axes, which of them are folded, and in which order its axes lie in memory. */
const drawn = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(31, 32, 33, 64, 100, 257, 1000)), {
    minLength: 1,
    maxLength: 4,
  })
  .filter((shape) => elementCount(shape) <= 60_000)
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axes: fc.subarray([...shape.keys()], { minLength: 1 }),
      order: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length, maxLength: shape.length }),
      dtype: fc.constantFrom("f32", "f16", "bf16", "i32", "u32"),
      reduction: fc.constantFrom(...reductions),
      seed: fc.nat(),
    }),
  )
  // Integers have no mean.
  .filter(({ reduction, dtype }) => reduction !== "reduceMean" || !["i32", "u32"].includes(dtype));

/** Whole numbers from −50 to 50, many of them more than once: every sum in f32 is exact, and ties are common. */
const whole = (count: number, seed: number, isSigned: boolean): number[] =>
  Array.from(
    { length: count },
    (_, index) => ((Math.imul(index + 1, 2 * seed + 2_654_435_761) >>> 7) % 101) - (isSigned ? 50 : 0),
  );

describe.skipIf(missingGpu !== undefined)(`${gpuTitle("reductions on WebGPU")}`, () => {
  let device: GPUDevice | undefined;
  let backend: Backend;
  beforeAll(async () => {
    device = await (await (await nodeGpu()).requestAdapter())?.requestDevice();
    if (device === undefined) throw new Error("no device");
    backend = await webgpu({ device });
  });
  afterAll(() => device?.destroy());

  it("of random shapes and layouts are the oracle's, the same twice", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async ({ shape, axes, order, dtype, reduction, seed }) => {
        // The operand lies in another order of its axes, and is turned back.
        const given = order.map((axis) => shape[axis] ?? 1);
        const x = input("x", dtype, given);
        const turned = x.transpose(shape.map((_, axis) => order.indexOf(axis)));
        const folded = (): Tensor => {
          if (reduction === "argMax" || reduction === "argMin")
            return turned[reduction]({ axis: axes[0] ?? 0 });
          return turned[reduction]({ axes });
        };
        const graph = program({ inputs: { x }, outputs: { y: folded() } });
        const feeds = { x: valueOf(dtype, given, whole(elementCount(given), seed, dtype !== "u32")) };
        await using session = await compile({ main: graph }, { backend });
        const results = [await session.run("main", feeds), await session.run("main", feeds)].map(({ y }) =>
          toNumbers(y),
        );
        expect(results[1]).toEqual(results[0]);
        const expected = toNumbers(evaluate(graph, feeds).outputs.y);
        // A mean divides; all else is exact, or is rounded to the type once.
        const unit = dtype === "f32" ? 2 ** -22 : 0;
        const isMean = reduction === "reduceMean";
        expected.forEach((value, index) => {
          if (Object.is(results[0]?.[index], value)) return;
          const off = Math.abs((results[0]?.[index] ?? Number.NaN) - value);
          expect(off).toBeLessThanOrEqual(isMean ? (unit === 0 ? 2 ** -7 : unit) * Math.abs(value) : 0);
        });
      }),
      { numRuns: Number(process.env["RUNS"] ?? 60), seed: Number(process.env["SEED"] ?? 1) },
    );
  });
});
