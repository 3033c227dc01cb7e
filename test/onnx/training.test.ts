import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { mnist } from "@adjoint/datasets/node";
import { type State, type TensorValue, tensorValue, toNumbers } from "@adjoint/ir";
import { inspectOnnx, onnxTrainingLoop, toOnnx } from "@adjoint/onnx";
import { describe, expect, test } from "vitest";
import { mnistPrograms, models } from "./programs.ts";
import { load, runtimes, valueOf } from "./runtime.ts";

const STEPS = 50;
const digits = await mnist();

/** The largest difference of two tensors of f32, relative to the largest element. */
function distance({ data: actual }: TensorValue, { data: expected }: TensorValue): number {
  let [largest, scale] = [0, 1e-30];
  for (let index = 0; index < expected.length; index++) {
    const value = Number(expected[index]);
    largest = Math.max(largest, Math.abs(value - Number(actual[index])));
    scale = Math.max(scale, Math.abs(value));
  }
  return largest / scale;
}

describe("a training step in ONNX Runtime (N1)", () => {
  test.for([
    ["mlp", "node", 100],
    ["mlp", "web", 100],
    ["cnn", "node", 20],
    ["cnn", "web", 20],
  ] as const)(
    "%s in onnxruntime-%s keeps to our weights for 50 steps",
    { timeout: 30_000 },
    async ([name, place, size], context) => {
      const { train } = mnistPrograms(models[name](), 1e-6);
      await using session = await compile({ train }, { backend: await wasm({ threads: 1 }), seed: 1 });
      const start = await session.state();
      const bytes = toOnnx(train, start);
      const { tensor, session: foreign } = await load(bytes, await runtimes[place]());
      const loop = onnxTrainingLoop(
        { run: (feeds) => foreign.run(feeds) },
        inspectOnnx(bytes).metadata,
        Object.fromEntries(Object.entries(start).map(([register, value]) => [register, tensor(value)])),
      );
      let [worst, milliseconds] = [0, 0];
      let steps = 0;
      for (const batch of digits.train.take(STEPS * size).batches({ size, shuffle: 1 })) {
        const images = tensorValue("f32", [size, 28, 28], batch.images.data);
        const labels = tensorValue("i32", [size], batch.labels.data);
        const ours = await session.run("train", { images, labels });
        const before = performance.now();
        const theirs = await loop.step({ images: tensor(images), labels: tensor(labels) });
        milliseconds += performance.now() - before;
        const loss = theirs["loss"];
        expect(loss && toNumbers(valueOf(loss))[0]).toBeCloseTo(ours.loss.item(), 3);
        steps++;
        const state: State = await session.state();
        for (const [register, value] of Object.entries(state)) {
          const next = loop.state()[register];
          if (next === undefined) throw new Error(`no register ${register}`);
          if (register.startsWith("dense") || register.startsWith("conv"))
            worst = Math.max(worst, distance(valueOf(next), value));
        }
      }
      expect(steps).toBe(STEPS);
      const each = (milliseconds / STEPS).toFixed(1);
      await context.annotate(`weights differ by ${worst.toExponential(1)} of their scale; ${each} ms a step`);
      expect(worst).toBeLessThan(1e-4);
    },
  );
});
