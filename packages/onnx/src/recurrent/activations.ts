import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";

export type Activation = (x: Tensor) => Tensor;

/** An activation with the parameters it takes, and what they are where the model gives none. */
interface ActivationRow {
  readonly alpha?: number;
  readonly beta?: number;
  apply(x: Tensor, alpha: number, beta: number): Tensor;
}

/** The activations that recurrent operators name, in lower case. */
const table: { readonly [name: string]: ActivationRow } = {
  relu: { apply: ir.relu },
  tanh: { apply: ir.tanh },
  sigmoid: { apply: ir.sigmoid },
  softsign: { apply: ir.softsign },
  softplus: { apply: ir.softplus },
  affine: { alpha: 1, beta: 0, apply: (x, alpha, beta) => x.mul(alpha).add(beta) },
  leakyrelu: { alpha: 0.01, apply: (x, alpha) => ir.leakyRelu(x, { alpha }) },
  thresholdedrelu: { alpha: 1, apply: (x, alpha) => ir.thresholdedRelu(x, { alpha }) },
  scaledtanh: { alpha: 1, beta: 1, apply: (x, alpha, beta) => x.mul(beta).tanh().mul(alpha) },
  hardsigmoid: { alpha: 0.2, beta: 0.5, apply: (x, alpha, beta) => ir.hardSigmoid(x, { alpha, beta }) },
  elu: { alpha: 1, apply: (x, alpha) => ir.elu(x, { alpha }) },
};

/** The attributes of a node about its activations. */
export interface ActivationAttributes {
  readonly activations?: readonly string[] | undefined;
  readonly activation_alpha: readonly number[];
  readonly activation_beta: readonly number[];
  /** The argument of an activation is cut to −clip … clip. */
  readonly clip?: number | undefined;
}

/** The activations of all directions, in order; parameters go to those that take one, in the same order. */
export function activationsOf(
  attributes: ActivationAttributes,
  defaults: readonly string[],
  refuse: (problem: string) => never,
): readonly Activation[] {
  const {
    activations: names = defaults,
    activation_alpha: alphas,
    activation_beta: betas,
    clip,
  } = attributes;
  if (names.length !== defaults.length)
    refuse(`needs ${defaults.length} activations, and they are ${names.join(", ")}`);
  let [alphasTaken, betasTaken] = [0, 0];
  return names.map((name) => {
    const row = table[name.toLowerCase()] ?? refuse(`knows no activation "${name}"`);
    const alpha = row.alpha === undefined ? 0 : (alphas[alphasTaken++] ?? row.alpha);
    const beta = row.beta === undefined ? 0 : (betas[betasTaken++] ?? row.beta);
    return (x) => row.apply(clip === undefined ? x : ir.clip(x, { min: -clip, max: clip }), alpha, beta);
  });
}
