import { webgpu } from "@adjoint/backend-webgpu";
import { type Backend, compile } from "@adjoint/compiler";
import { evaluate } from "@adjoint/ir";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gpuTitle, missingGpu, nodeGpu } from "../gpu.ts";
import { difference, graphs } from "./random-graphs.ts";

/** Types that 32 bits hold without loss. The padding's zero times NaN is NaN here and skipped by the oracle: no convolutions. */
const options = {
  dtypes: ["f32", "f16", "bf16", "i32", "i16", "i8", "u32", "u16", "u8", "bool"],
  without: ["conv", "convTranspose", "convWeight"],
  numbers: 120,
} as const;

describe.skipIf(missingGpu !== undefined)(`${gpuTitle("random graphs on WebGPU")}`, () => {
  let device: GPUDevice | undefined;
  let backend: Backend;
  beforeAll(async () => {
    const adapter = await (await nodeGpu()).requestAdapter();
    // The limits that every WebGPU has: kernels bind eight buffers at most.
    device = await adapter?.requestDevice();
    if (device === undefined) throw new Error("no device");
    backend = await webgpu({ device });
  });
  afterAll(() => device?.destroy());

  it("give what the oracle gives", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(graphs(options), async ({ graph, feeds }) => {
        await using session = await compile({ main: graph }, { backend });
        const outputs = await session.run("main", feeds);
        const actual = { outputs, state: await session.state() };
        expect(difference(graph, evaluate(graph, feeds), actual)).toBeUndefined();
      }),
      { numRuns: Number(process.env["RUNS"] ?? 80), seed: Number(process.env["SEED"] ?? 1) },
    );
  });
});
