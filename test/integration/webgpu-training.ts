import type { Feeds } from "@adjoint/compiler";
import { type Graph, input, program } from "@adjoint/ir";
import { dense, meanSquaredError, relu, sequential } from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";

/** A small training step, and what it is fed. Its products are too narrow for tiles, whose pipelines take a second to create here. */
export function trainingStep([batch, features, units]: readonly [number, number, number] = [8, 4, 6]): {
  readonly train: Graph;
  readonly feeds: Feeds;
} {
  const x = input("x", "f32", [batch, features]);
  const y = input("y", "f32", [batch, 1]);
  const model = sequential([dense({ units }), relu(), dense({ units: 1 })]);
  const loss = meanSquaredError(model(x), y);
  return {
    train: program({ inputs: { x, y }, outputs: { loss }, updates: adam({ learningRate: 1e-2 })(loss) }),
    feeds: {
      x: Float32Array.from({ length: batch * features }, (_, index) => Math.sin(index * index)),
      y: Float32Array.from({ length: batch }, (_, index) => Math.cos(index)),
    },
  };
}
