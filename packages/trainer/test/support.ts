import { type Dataset, dataset } from "@adjoint/datasets";
import type { State } from "@adjoint/ir";
import { crossEntropy, accuracy, dense, dropout, sequential } from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";
import { type Declaration, type Trainer, createTrainer } from "@adjoint/trainer";
import { reference } from "./reference.ts";

export type Points = Dataset<{ points: "f32"; classes: "i32" }>;

/** Points of the plane; their class says on which side of a circle they are. */
export function circle(length: number): Points {
  const points = new Float32Array(2 * length);
  const classes = new Int32Array(length);
  for (let index = 0; index < length; index++) {
    const [x, y] = [Math.sin(index * 12.9898) * 1.5, Math.sin(index * 78.233 + 1) * 1.5];
    points.set([x, y], 2 * index);
    classes[index] = x * x + y * y < 1 ? 1 : 0;
  }
  return dataset({
    points: { dtype: "f32", shape: [length, 2], data: points },
    classes: { dtype: "i32", shape: [length], data: classes },
  });
}

/** A small network with dropout: what it learns depends on the random counter. */
export const declaration = (rate = 0.25): Declaration<"points", "classes", "accuracy"> => ({
  model: sequential([dense({ units: 8, activation: "tanh" }), dropout({ rate }), dense({ units: 2 })]),
  input: { name: "points", dtype: "f32", shape: [2] },
  target: { name: "classes", dtype: "i32", shape: [] },
  loss: crossEntropy,
  optimizer: adam({ learningRate: 0.05 }),
  metrics: { accuracy },
});

export const makeTrainer = (
  seed = 1,
  rate = 0.25,
): Promise<Trainer<"points", "classes", "accuracy", "output">> =>
  createTrainer(declaration(rate), reference(seed));

/** The bits of all tensors, for comparisons that see every one of them. */
export const bitsOf = (state: State): { readonly [name: string]: readonly number[] } =>
  Object.fromEntries(
    Object.entries(state).map(([name, { data }]) => [
      name,
      [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)],
    ]),
  );
