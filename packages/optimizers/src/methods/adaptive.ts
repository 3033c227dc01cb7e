import { fraction, nonNegative, positive, strictObject, withDefault } from "@adjoint/ir/schema";
import { commonShape } from "../config.ts";
import type { OptimizerConfig, OptimizerOptions } from "../config.ts";
import { type Optimizer, type UpdateRule, makeOptimizer } from "../optimizer.ts";

export interface AdaGradOptions extends OptimizerOptions {
  /** Added to the root, 1e-10 by default. */
  readonly epsilon?: number | undefined;
  /** The first value of the sums of squares, 0 by default. */
  readonly initialSum?: number | undefined;
}

export interface AdaGradConfig extends OptimizerConfig {
  readonly epsilon: number;
  readonly initialSum: number;
}

const adaGradRule: UpdateRule<AdaGradConfig, "sum", "rate"> = {
  kind: "adaGrad",
  schema: strictObject({
    ...commonShape(0.01),
    epsilon: withDefault(positive, 1e-10),
    initialSum: withDefault(nonNegative, 0),
  }),
  moments: { sum: ({ initialSum }) => initialSum },
  scalars: ({ rate }) => ({ rate }),
  step({ config, parameter, gradient, moments, scalars: { rate } }) {
    const sum = moments.sum.add(gradient.mul(gradient));
    return {
      parameter: parameter.sub(gradient.mul(rate).div(sum.sqrt().add(config.epsilon))),
      moments: { sum },
    };
  },
};

/**
 * s ← s + g², p ← p − η·g / (√s + ε). η is 0.01 and ε 1e-10 by default.
 * Source: Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning" (2011).
 */
export const adaGrad = (options: AdaGradOptions = {}): Optimizer<AdaGradConfig> =>
  makeOptimizer(adaGradRule, options);

export interface RmsPropOptions extends OptimizerOptions {
  /** ρ, the share of the mean square that is kept; 0.9 by default. */
  readonly decay?: number | undefined;
  /** Added to the root, 1e-7 by default. */
  readonly epsilon?: number | undefined;
}

export interface DecayingConfig extends OptimizerConfig {
  readonly decay: number;
  readonly epsilon: number;
}

const rmsPropRule: UpdateRule<DecayingConfig, "square", "rate"> = {
  kind: "rmsProp",
  schema: strictObject({
    ...commonShape(1e-3),
    decay: withDefault(fraction, 0.9),
    epsilon: withDefault(positive, 1e-7),
  }),
  moments: { square: () => 0 },
  scalars: ({ rate }) => ({ rate }),
  step({ config: { decay, epsilon }, parameter, gradient, moments, scalars: { rate } }) {
    const square = moments.square.mul(decay).add(gradient.mul(gradient).mul(1 - decay));
    return {
      parameter: parameter.sub(gradient.mul(rate).div(square.sqrt().add(epsilon))),
      moments: { square },
    };
  },
};

/**
 * s ← ρ·s + (1 − ρ)·g², p ← p − η·g / (√s + ε). η is 0.001, ρ 0.9 and ε 1e-7 by default.
 * Source: Tieleman and Hinton, "Neural Networks for Machine Learning", lecture 6.5 (2012); ε outside the root, as PyTorch.
 */
export const rmsProp = (options: RmsPropOptions = {}): Optimizer<DecayingConfig> =>
  makeOptimizer(rmsPropRule, options);

export interface AdaDeltaOptions extends OptimizerOptions {
  /** ρ, the share of both mean squares that is kept; 0.95 by default. */
  readonly decay?: number | undefined;
  /** Added inside both roots, 1e-6 by default. */
  readonly epsilon?: number | undefined;
}

const adaDeltaRule: UpdateRule<DecayingConfig, "square" | "delta", "rate"> = {
  kind: "adaDelta",
  schema: strictObject({
    ...commonShape(1),
    decay: withDefault(fraction, 0.95),
    epsilon: withDefault(positive, 1e-6),
  }),
  moments: { square: () => 0, delta: () => 0 },
  scalars: ({ rate }) => ({ rate }),
  step({ config: { decay, epsilon }, parameter, gradient, moments, scalars: { rate } }) {
    const square = moments.square.mul(decay).add(gradient.mul(gradient).mul(1 - decay));
    const move = moments.delta.add(epsilon).div(square.add(epsilon)).sqrt().mul(gradient);
    const delta = moments.delta.mul(decay).add(move.mul(move).mul(1 - decay));
    return { parameter: parameter.sub(move.mul(rate)), moments: { square, delta } };
  },
};

/**
 * s ← ρ·s + (1 − ρ)·g², Δ = g·√(d + ε) / √(s + ε), d ← ρ·d + (1 − ρ)·Δ², p ← p − η·Δ.
 * η is 1 (as the paper, which has none), ρ 0.95 and ε 1e-6 by default.
 * Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012), algorithm 1.
 */
export const adaDelta = (options: AdaDeltaOptions = {}): Optimizer<DecayingConfig> =>
  makeOptimizer(adaDeltaRule, options);
