import { cpu } from "@adjoint/backend-cpu";
import { compile } from "@adjoint/compiler";
import { mnist } from "@adjoint/datasets/node";
import { dim, input, program } from "@adjoint/ir";
import { crossEntropy, dense, flatten, relu, sequential } from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";

const batch = dim("batch");
const images = input("images", "f32", [batch, 28, 28]);
const labels = input("labels", "i32", [batch]);
const logits = sequential([flatten(), dense({ units: 500 }), relu(), dense({ units: 10 })])(images);
const loss = crossEntropy(logits, labels);

const train = program({
  inputs: { images, labels },
  outputs: { loss },
  updates: adam({ learningRate: 1e-3 })(loss),
});
const predict = program({ inputs: { images }, outputs: { logits } });
await using session = await compile({ train, predict }, { backend: cpu(), seed: 1 });

const digits = await mnist();
for (const examples of digits.train.batches({ size: 100, shuffle: 1 })) {
  const outputs = await session.run("train", examples);
  console.log(outputs.loss.item());
}
