import type { Feeds, Session } from "@adjoint/compiler";
import type { Graph } from "@adjoint/ir";

/** The MLP's training step. */
export type TrainingEntries = { readonly train: Graph<"images" | "labels", "loss"> };

/**
 * Runs a training step on each batch, up to a number of them.
 * @param batches images f32 [batch, 28, 28] and labels i32 [batch].
 * @returns the loss of each step.
 */
export async function trainOn(
  session: Session<TrainingEntries>,
  batches: Iterable<Feeds<"images" | "labels">>,
  steps: number,
): Promise<number[]> {
  const losses: number[] = [];
  for (const examples of batches) {
    const { loss } = await session.run("train", examples);
    losses.push(loss.item());
    if (losses.length === steps) break;
  }
  return losses;
}

/** Batches of images with a bar for each label, blurred by whole numbers alone: the same on every engine. */
export function* barBatches(size: number): Generator<Feeds<"images" | "labels">> {
  for (let batch = 0; ; batch++) {
    const labels = Int32Array.from({ length: size }, (_, example) => (example * 7 + batch) % 10);
    const images = Float32Array.from({ length: size * 784 }, (_, index) => {
      const [example, row] = [Math.floor(index / 784), Math.floor((index % 784) / 28)];
      const distance = Math.abs(row - 2 * (labels[example] ?? 0) - 4);
      return (1 + ((index * 7919 + batch) % 16)) / (16 * (1 + distance));
    });
    yield { images: { data: images, shape: [size, 28, 28] }, labels: { data: labels, shape: [size] } };
  }
}
