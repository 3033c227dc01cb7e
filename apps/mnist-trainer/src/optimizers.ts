import {
  type Optimizer,
  adaDelta,
  adaGrad,
  adam,
  adamW,
  momentum,
  nesterov,
  rmsProp,
  sgd,
} from "@adjoint/optimizers";

/** An optimizer as the command line offers it. */
export interface Method {
  /** The rate it is used with unless another is asked for. */
  readonly learningRate: number;
  make(learningRate: number): Optimizer;
}

const method = (
  learningRate: number,
  make: (options: { readonly learningRate: number }) => unknown,
): Method => ({
  learningRate,
  // Every factory gives an optimizer; their settings differ beyond what is used here.
  make: (rate) => make({ learningRate: rate }) as Optimizer,
});

/** The optimizers, by name. */
export const optimizers: {
  readonly [
    name in "sgd" | "momentum" | "nesterov" | "adagrad" | "rmsprop" | "adadelta" | "adam" | "adamw"
  ]: Method;
} = {
  sgd: method(0.1, sgd),
  momentum: method(0.01, momentum),
  nesterov: method(0.01, nesterov),
  adagrad: method(0.01, adaGrad),
  rmsprop: method(0.001, rmsProp),
  adadelta: method(1, adaDelta),
  adam: method(0.001, adam),
  adamw: method(0.001, adamW),
};
