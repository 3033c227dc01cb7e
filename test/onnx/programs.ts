import {
  type Layer,
  conv2d,
  crossEntropy,
  dense,
  flatten,
  maxPool,
  relu,
  reshape,
  sequential,
} from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";
import { type Programs, trainingPrograms } from "@adjoint/trainer";

/** The models of the MNIST example, by name. */
export const models: { readonly [name in "mlp" | "cnn"]: () => Layer } = {
  mlp: () => sequential([flatten(), dense({ units: 500 }), relu(), dense({ units: 10 })]),
  cnn: () =>
    sequential([
      reshape({ shape: [1, 28, 28] }),
      conv2d({ filters: 8, kernel: 5, activation: "relu" }),
      maxPool({ kernel: 2 }),
      conv2d({ filters: 16, kernel: 5, activation: "relu" }),
      maxPool({ kernel: 2 }),
      flatten(),
      dense({ units: 10 }),
    ]),
};

/**
 * The programs of a training on MNIST with Adam.
 * @param epsilon what Adam adds to the root of the second moment. Where a gradient is all rounding noise, about 1e-9, the
 * usual 1e-8 makes steps of it that differ between any two machines.
 */
export const mnistPrograms = (model: Layer, epsilon = 1e-8): Programs<"images", "labels", never, "output"> =>
  trainingPrograms({
    model,
    input: { name: "images", dtype: "f32", shape: [28, 28] },
    target: { name: "labels", dtype: "i32", shape: [] },
    loss: crossEntropy,
    optimizer: adam({ learningRate: 1e-3, epsilon }),
  });
