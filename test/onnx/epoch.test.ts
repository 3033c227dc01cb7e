import { wasm } from "@adjoint/backend-wasm";
import { type Session, compile } from "@adjoint/compiler";
import { mnist } from "@adjoint/datasets/node";
import { type TensorValue, tensorValue, toNumbers } from "@adjoint/ir";
import { inspectOnnx, onnxTrainingLoop, toOnnx } from "@adjoint/onnx";
import { expect, test } from "vitest";
import { mnistPrograms, models } from "./programs.ts";
import { load, runtimes, valueOf } from "./runtime.ts";

const SIZE = 100;

/** Only by its own command, `pnpm test:onnx-epoch`: it trains on all 60,000 images, twice. */
test.skipIf(process.env["MODE"] !== "onnx-epoch")(
  "an epoch of MNIST in ONNX Runtime ends with our accuracy (N1)",
  async (context) => {
    const digits = await mnist();
    const { train, predict } = mnistPrograms(models.mlp());
    await using session = await compile({ train, predict }, { backend: await wasm(), seed: 1 });
    const start = await session.state();
    const bytes = toOnnx(train, start);
    const { tensor, session: foreign } = await load(bytes, await runtimes.node());
    const loop = onnxTrainingLoop(
      { run: (feeds) => foreign.run(feeds) },
      inspectOnnx(bytes).metadata,
      Object.fromEntries(Object.entries(start).map(([name, value]) => [name, tensor(value)])),
    );
    let [ours, theirs] = [0, 0];
    for (const batch of digits.train.batches({ size: SIZE, shuffle: 1 })) {
      const images = tensorValue("f32", batch.images.shape, batch.images.data);
      const labels = tensorValue("i32", batch.labels.shape, batch.labels.data);
      const begin = performance.now();
      await session.run("train", { images, labels });
      const middle = performance.now();
      await loop.step({ images: tensor(images), labels: tensor(labels) });
      ours += middle - begin;
      theirs += performance.now() - middle;
    }
    const accuracy = async (): Promise<number> => {
      let right = 0;
      for (const batch of digits.test.batches({ size: 1000 }))
        right += hits((await predicted(session, batch.images.data)).data, batch.labels.data);
      return right / digits.test.length;
    };
    const mine = await accuracy();
    const trained = Object.entries(loop.state()).map(([name, value]) => [name, valueOf(value)] as const);
    await session.writeState(Object.fromEntries(trained));
    const other = await accuracy();
    const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
    await context.annotate(
      `ours ${percent(mine)} in ${(ours / 1000).toFixed(1)} s, ONNX Runtime ${percent(other)} in ${(theirs / 1000).toFixed(1)} s`,
    );
    expect(other).toBeGreaterThan(0.955);
    expect(Math.abs(other - mine)).toBeLessThan(0.005);
  },
  600_000,
);

type Programs = Pick<ReturnType<typeof mnistPrograms>, "train" | "predict">;

async function predicted(session: Session<Programs>, data: Float32Array): Promise<TensorValue> {
  const { output } = await session.run("predict", {
    images: tensorValue("f32", [data.length / 784, 28, 28], data),
  });
  return tensorValue("f32", output.shape, output.data);
}

/** The number of rows whose largest score is that of the label. */
function hits(scores: TensorValue["data"], labels: ArrayLike<number>): number {
  const all = toNumbers(tensorValue("f32", [scores.length], scores));
  let count = 0;
  for (let row = 0; row < labels.length; row++) {
    const own = all.slice(10 * row, 10 * row + 10);
    if (own.indexOf(Math.max(...own)) === labels[row]) count++;
  }
  return count;
}
