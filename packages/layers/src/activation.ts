import {
  type Tensor,
  binaryStep,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  logSoftmax,
  mish,
  relu,
  selu,
  sigmoid,
  silu,
  softmax,
  softplus,
  softsign,
  tanh,
} from "@adjoint/ir";
import { type Schema, oneOf, withDefault } from "@adjoint/ir/schema";

/** Activations by name, with their settings at the defaults: what `activation` of dense and convolution layers takes. */
export const activationNames = [
  "identity",
  "relu",
  "leakyRelu",
  "elu",
  "selu",
  "gelu",
  "sigmoid",
  "hardSigmoid",
  "tanh",
  "softplus",
  "softsign",
  "silu",
  "mish",
  "hardSwish",
  "softmax",
  "logSoftmax",
  "binaryStep",
] as const;

export type ActivationName = (typeof activationNames)[number];

/** Each as a function of a tensor. */
export const activations: { readonly [N in ActivationName]: (x: Tensor) => Tensor } = {
  identity: (x) => x,
  relu,
  leakyRelu: (x) => leakyRelu(x),
  elu: (x) => elu(x),
  selu: (x) => selu(x),
  gelu: (x) => gelu(x),
  sigmoid,
  hardSigmoid: (x) => hardSigmoid(x),
  tanh,
  softplus,
  softsign,
  silu,
  mish,
  hardSwish,
  softmax: (x) => softmax(x),
  logSoftmax: (x) => logSoftmax(x),
  binaryStep,
};

/** `activation` in a layer's settings. */
export const activationSchema: Schema<ActivationName> = withDefault(
  oneOf(activationNames, `must be one of ${activationNames.join(", ")}`),
  "identity",
);
