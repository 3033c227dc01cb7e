import { type Layer, conv2d, dense, flatten, maxPool, relu, reshape, sequential } from "@adjoint/layers";

/** Digits that can be told apart. */
const DIGITS = 10;

/** The networks that can be trained, by name. Each takes images [batch, 28, 28] and gives logits [batch, 10]. */
export const models: {
  readonly [name in "mlp" | "cnn" | "logistic"]: { readonly about: string; make(): Layer };
} = {
  mlp: {
    about: "784-500-10 with ReLU",
    make: () => sequential([flatten(), dense({ units: 500 }), relu(), dense({ units: DIGITS })]),
  },
  cnn: {
    about: "two convolutions with pooling",
    make: () =>
      sequential([
        reshape({ shape: [1, 28, 28] }),
        conv2d({ filters: 8, kernel: 5, activation: "relu" }),
        maxPool({ kernel: 2 }),
        conv2d({ filters: 16, kernel: 5, activation: "relu" }),
        maxPool({ kernel: 2 }),
        flatten(),
        dense({ units: DIGITS }),
      ]),
  },
  logistic: {
    about: "softmax regression",
    make: () => sequential([flatten(), dense({ units: DIGITS })]),
  },
};
