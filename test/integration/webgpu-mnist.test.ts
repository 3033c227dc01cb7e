import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import type { Mnist } from "@adjoint/datasets";
import { mnist } from "@adjoint/datasets/node";
import { cast, dim, equal, input, program } from "@adjoint/ir";
import { crossEntropy, dense, flatten, relu, sequential } from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gpuTitle, missingGpu, nodeBackend } from "../gpu.ts";

/** The largest difference between two backends in the share of test images that they get right. */
const TOLERANCE = 0.003;

interface Trained {
  /** The share of the 10,000 test images that is classified right. */
  readonly accuracy: number;
  readonly losses: readonly number[];
  readonly seconds: number;
}

/** Half an epoch of batches of 100: a whole one takes minutes on a software driver. */
const STEPS = 300;

/** Trains 784-500-10 with Adam from the same start in the same order, and tests it. */
async function train(backend: Backend, { train: examples, test }: Mnist): Promise<Trained> {
  const batch = dim("batch");
  const images = input("images", "f32", [batch, 28, 28]);
  const labels = input("labels", "i32", [batch]);
  const logits = sequential([flatten(), dense({ units: 500 }), relu(), dense({ units: 10 })])(images);
  const loss = crossEntropy(logits, labels);
  const hits = cast(equal(logits.argMax({ axis: 1 }), labels), "f32").reduceSum();
  const step = program({
    inputs: { images, labels },
    outputs: { loss },
    updates: adam({ learningRate: 1e-3 })(loss),
  });
  const start = performance.now();
  await using session = await compile(
    { step, check: program({ inputs: { images, labels }, outputs: { hits } }) },
    { backend, seed: 1 },
  );
  const losses: number[] = [];
  for (const fed of examples.batches({ size: 100, shuffle: 1 })) {
    losses.push((await session.run("step", fed)).loss.item());
    if (losses.length === STEPS) break;
  }
  let right = 0;
  let count = 0;
  for (const fed of test.batches({ size: 1000 })) {
    right += (await session.run("check", fed)).hits.item();
    count += 1000;
  }
  return { accuracy: right / count, losses, seconds: (performance.now() - start) / 1000 };
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

describe.skipIf(missingGpu !== undefined)(`${gpuTitle("half an epoch of MNIST on WebGPU")}`, () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await nodeBackend();
  });
  afterAll(() => backend?.[Symbol.dispose]?.());

  it(
    "ends as accurate as on the other backends, within 0.3 %",
    { timeout: 1_200_000 },
    async ({ annotate }) => {
      const digits = await mnist();
      const webgpu = await train(backend, digits);
      await annotate(`webgpu: ${percent(webgpu.accuracy)} in ${webgpu.seconds.toFixed(0)} s`);
      expect(webgpu.losses).toHaveLength(STEPS);
      expect(webgpu.accuracy).toBeGreaterThan(0.93);
      using threaded = await wasm();
      for (const other of [threaded, cpu()]) {
        const { accuracy, losses, seconds } = await train(other, digits);
        const off = Math.max(...losses.map((loss, step) => Math.abs(loss - (webgpu.losses[step] ?? NaN))));
        await annotate(
          `${other.name}: ${percent(accuracy)} in ${seconds.toFixed(0)} s; losses differ by at most ${off.toExponential(1)}`,
        );
        expect(Math.abs(webgpu.accuracy - accuracy)).toBeLessThanOrEqual(TOLERANCE);
      }
    },
  );
});
