import { fraction, strictObject, withDefault } from "@adjoint/ir/schema";
import { commonShape } from "../config.ts";
import type { OptimizerConfig, OptimizerOptions } from "../config.ts";
import { type Optimizer, type UpdateRule, makeOptimizer } from "../optimizer.ts";

const sgdRule: UpdateRule<OptimizerConfig, never, "rate"> = {
  kind: "sgd",
  schema: strictObject(commonShape(0.01)),
  moments: {},
  scalars: ({ rate }) => ({ rate }),
  step: ({ parameter, gradient, scalars: { rate } }) => ({
    parameter: parameter.sub(gradient.mul(rate)),
    moments: {},
  }),
};

/**
 * Gradient descent: p ← p − η·g. Stochastic or batch by what the loss is computed from; η is 0.01 by default.
 * Source: Robbins and Monro, "A Stochastic Approximation Method" (1951).
 */
export const sgd = (options: OptimizerOptions = {}): Optimizer => makeOptimizer(sgdRule, options);

export interface MomentumOptions extends OptimizerOptions {
  /** μ, the share of the velocity that is kept; 0.9 by default. */
  readonly momentum?: number | undefined;
}

export interface MomentumConfig extends OptimizerConfig {
  readonly momentum: number;
}

const momentumShape = { ...commonShape(0.01), momentum: withDefault(fraction, 0.9) };

const momentumRule: UpdateRule<MomentumConfig, "velocity", "rate"> = {
  kind: "momentum",
  schema: strictObject(momentumShape),
  moments: { velocity: () => 0 },
  scalars: ({ rate }) => ({ rate }),
  step({ config, parameter, gradient, moments, scalars: { rate } }) {
    const velocity = moments.velocity.mul(config.momentum).add(gradient);
    return { parameter: parameter.sub(velocity.mul(rate)), moments: { velocity } };
  },
};

/**
 * Heavy-ball momentum: v ← μ·v + g, p ← p − η·v. The velocity sums gradients and the rate scales it (as PyTorch); for
 * a constant rate this is v ← μ·v − η·g, p ← p + v. η is 0.01 and μ 0.9 by default.
 * Source: Polyak, "Some methods of speeding up the convergence of iteration methods" (1964).
 */
export const momentum = (options: MomentumOptions = {}): Optimizer<MomentumConfig> =>
  makeOptimizer(momentumRule, options);

const nesterovRule: UpdateRule<MomentumConfig, "velocity", "rate"> = {
  ...momentumRule,
  kind: "nesterov",
  step({ config, parameter, gradient, moments, scalars: { rate } }) {
    const velocity = moments.velocity.mul(config.momentum).add(gradient);
    return {
      parameter: parameter.sub(velocity.mul(config.momentum).add(gradient).mul(rate)),
      moments: { velocity },
    };
  },
};

/**
 * Nesterov's accelerated gradient, in the form whose parameters are those where the gradient is taken:
 * v ← μ·v + g, p ← p − η·(g + μ·v). η is 0.01 and μ 0.9 by default.
 * Source: Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning"
 * (2013), equations 3 and 4; the form: Bengio, Boulanger-Lewandowski, Pascanu (2013), section 3.5.
 */
export const nesterov = (options: MomentumOptions = {}): Optimizer<MomentumConfig> =>
  makeOptimizer(nesterovRule, options);
