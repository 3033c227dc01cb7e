import { type Backend, type Feeds, compile } from "@adjoint/compiler";
import { dim, input, program } from "@adjoint/ir";
import { crossEntropy, dense, flatten, relu, sequential } from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";

/** How the training examples are cut, in the page as in Node. */
export const BATCHES = { size: 100, shuffle: 1 } as const;

/**
 * Trains 784-500-10 with Adam, a step on each batch.
 * @param batches images f32 [batch, 28, 28] and labels i32 [batch].
 * @returns the loss of each step.
 */
export async function trainMlp(
  backend: Backend,
  batches: Iterable<Feeds<"images" | "labels">>,
  steps: number,
): Promise<number[]> {
  const batch = dim("batch");
  const images = input("images", "f32", [batch, 28, 28]);
  const labels = input("labels", "i32", [batch]);
  const model = sequential([flatten(), dense({ units: 500 }), relu(), dense({ units: 10 })]);
  const loss = crossEntropy(model(images), labels);
  const train = program({
    inputs: { images, labels },
    outputs: { loss },
    updates: adam({ learningRate: 1e-3 })(loss),
  });
  await using session = await compile({ train }, { backend, seed: 1 });
  const losses: number[] = [];
  for (const examples of batches) {
    const outputs = await session.run("train", examples);
    losses.push(outputs.loss.item());
    if (losses.length === steps) break;
  }
  return losses;
}
