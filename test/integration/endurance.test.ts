import { arraysMade } from "./array-counter.ts";
import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { input, program } from "@adjoint/ir";
import { dense, relu, sequential, meanSquaredError } from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";
import { expect, it } from "vitest";

it("100,000 training steps of a small model leave memory as it was", { timeout: 60_000 }, async () => {
  const x = input("x", "f32", [8, 4]);
  const y = input("y", "f32", [8, 1]);
  const loss = meanSquaredError(sequential([dense({ units: 16 }), relu(), dense({ units: 1 })])(x), y);
  const train = program({
    inputs: { x, y },
    outputs: { loss },
    updates: adam({ learningRate: 1e-3 })(loss),
  });
  const feeds = {
    x: Float32Array.from({ length: 32 }, (_, index) => Math.sin(index * index)),
    y: Float32Array.from({ length: 8 }, (_, index) => Math.cos(index)),
  };
  using backend = await wasm({ threads: 1 });
  await using session = await compile({ train }, { backend, seed: 1 });
  const steps = async (count: number): Promise<number> => {
    let last = 0;
    for (let step = 0; step < count; step++) last = (await session.run("train", feeds)).loss.item();
    return last;
  };
  const first = await steps(1000);
  const before = process.memoryUsage();
  arraysMade();
  const last = await steps(99_000);
  const made = arraysMade();
  const after = process.memoryUsage();
  expect(made).toEqual([]);
  expect(last).toBeLessThan(first / 10);
  // The memory outside the heap of JavaScript, WebAssembly's included.
  expect(after.arrayBuffers).toBeLessThanOrEqual(before.arrayBuffers);
  expect(after.external - before.external).toBeLessThan(2 ** 20);
});
