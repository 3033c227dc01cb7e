import { type Backend, type Feeds, compile } from "@adjoint/compiler";
import { dim, input, program } from "@adjoint/ir";
import { crossEntropy, dense, flatten, relu, sequential } from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";
import { type TrainingEntries, trainOn } from "./steps.ts";

/** The batches of the training examples, on the page as in Node. */
export const BATCHES = { size: 100, shuffle: 1 } as const;

/** 784-500-10 with Adam, for batches of any size. */
export function declareMlp(): TrainingEntries {
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
  return { train };
}

/** Declares and compiles the MLP, and trains it: see `trainOn`. */
export async function trainMlp(
  backend: Backend,
  batches: Iterable<Feeds<"images" | "labels">>,
  steps: number,
): Promise<number[]> {
  await using session = await compile(declareMlp(), { backend, seed: 1 });
  return await trainOn(session, batches, steps);
}
