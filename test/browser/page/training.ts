import type { Backend } from "@adjoint/compiler";
import { type MnistFiles, mnistFileNames, mnistFromBytes } from "@adjoint/datasets";
import { BATCHES, trainMlp } from "../mlp.ts";
import type { Works } from "../task.ts";

/** The MLP on MNIST, whose files come from the test's server. */
export async function training(
  backend: Backend,
  { steps }: Works["training"]["ask"],
): Promise<Works["training"]["answer"]> {
  const fetched = Object.entries(mnistFileNames).map(async ([part, name]) => [
    part,
    await bytesOf(`/${name}`),
  ]);
  // One file for each name.
  const files = Object.fromEntries(await Promise.all(fetched)) as MnistFiles<Uint8Array>;
  const { train } = await mnistFromBytes(files);
  return trainMlp(backend, train.batches(BATCHES), steps);
}

async function bytesOf(path: string): Promise<Uint8Array> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
