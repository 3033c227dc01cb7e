import { cpu } from "@adjoint/backend-cpu";
import { compile } from "@adjoint/compiler";
import { dim, input, program } from "@adjoint/ir";
import { conv2d, crossEntropy, dense, flatten, relu, sequential, maxPool2d } from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";
import { test } from "vitest";
import { nodeBackend } from "../gpu.ts";
const BATCH = 100;
const batch = dim("batch");
test("x", { timeout: 1e6 }, async () => {
  const images = input("images", "f32", [batch, 28, 28]);
  const labels = input("labels", "i32", [batch]);
  const logits = sequential([flatten(), dense({ units: 500 }), relu(), dense({ units: 10 })])(images);
  const loss = crossEntropy(logits, labels);
  const train = program({ inputs: { images, labels }, outputs: { loss }, updates: adam({ learningRate: 1e-3 })(loss) });
  const feeds = {
    labels: Int32Array.from({ length: BATCH }, (_, e) => e % 10),
    images: Float32Array.from({ length: BATCH * 784 }, (_, index) => {
      const [example, row] = [Math.floor(index / 784), Math.floor((index % 784) / 28)];
      return 1 / (1 + Math.abs(row - 2 * (example % 10) - 4)) + 0.1 * Math.sin(index * index);
    }),
  };
  const backend = await nodeBackend();
  console.log(backend.limits);
  for (const b of [cpu(), backend]) {
    await using s = await compile({ train }, { backend: b, seed: 1, profile: true });
    const l = [];
    const t: number[] = [];
    for (let i = 0; i < 6; i++) { const t0 = performance.now(); l.push((await s.run("train", feeds)).loss.item()); t.push(performance.now() - t0); }
    console.log(b.name, l, t.map(Math.round), s.explain()[0]?.text);
  }
});
