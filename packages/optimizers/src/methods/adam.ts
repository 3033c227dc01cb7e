import { type Tensor, constant } from "@adjoint/ir";
import { fraction, positive, strictObject, withDefault } from "@adjoint/ir/schema";
import { commonShape } from "../config.ts";
import type { OptimizerConfig, OptimizerOptions } from "../config.ts";
import { type Optimizer, type UpdateRule, makeOptimizer } from "../optimizer.ts";

export interface AdamOptions extends OptimizerOptions {
  /** β₁, the share of the mean gradient that is kept; 0.9 by default. */
  readonly beta1?: number | undefined;
  /** β₂, the share of the mean square that is kept; 0.999 by default. */
  readonly beta2?: number | undefined;
  /** ε, added to the root of the corrected mean square; 1e-8 by default. */
  readonly epsilon?: number | undefined;
}

export interface AdamConfig extends OptimizerConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

const moments = {
  beta1: withDefault(fraction, 0.9),
  beta2: withDefault(fraction, 0.999),
  epsilon: withDefault(positive, 1e-8),
};

/** 1 − βᵗ without the cancellation that f32 would have at β = 0.999: −expm1(t·ln β). WGSL may not keep ln 0 = −∞. */
const correction = (beta: number, time: Tensor): Tensor =>
  beta === 0 ? constant(1, time.dtype) : time.mul(Math.log(beta)).expm1().neg();

const adamRule: UpdateRule<AdamConfig, "m" | "v", "size" | "epsilon"> = {
  kind: "adam",
  schema: strictObject({ ...commonShape(1e-3), ...moments }),
  moments: { m: () => 0, v: () => 0 },
  // m̂ / (√v̂ + ε) with m̂ = m/c₁ and v̂ = v/c₂ is (√c₂/c₁)·m / (√v + ε·√c₂): both corrections become scalars.
  scalars({ config: { beta1, beta2, epsilon }, rate, time }) {
    const root = correction(beta2, time).sqrt();
    return { size: rate.mul(root).div(correction(beta1, time)), epsilon: root.mul(epsilon) };
  },
  step({ config: { beta1, beta2 }, parameter, gradient, moments: before, scalars: { size, epsilon } }) {
    const m = before.m.mul(beta1).add(gradient.mul(1 - beta1));
    const v = before.v.mul(beta2).add(gradient.mul(gradient).mul(1 - beta2));
    return { parameter: parameter.sub(m.mul(size).div(v.sqrt().add(epsilon))), moments: { m, v } };
  },
};

/**
 * m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², p ← p − η·m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
 * η is 0.001, β₁ 0.9, β₂ 0.999 and ε 1e-8 by default; ε stands where the paper's algorithm 1 and PyTorch have it.
 * Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015).
 */
export const adam = (options: AdamOptions = {}): Optimizer<AdamConfig> => makeOptimizer(adamRule, options);

const adamWRule: UpdateRule<AdamConfig, "m" | "v", "size" | "epsilon"> = {
  ...adamRule,
  kind: "adamW",
  schema: strictObject({ ...commonShape(1e-3, 0.01), ...moments }),
  decoupledDecay: true,
};

/**
 * Adam with decoupled weight decay: p ← (1 − η·λ)·p − η·m̂ / (√v̂ + ε). λ (`weightDecay`) is 0.01 by default.
 * Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2, with η scaling λ (as PyTorch).
 */
export const adamW = (options: AdamOptions = {}): Optimizer<AdamConfig> => makeOptimizer(adamWRule, options);
