import { oneOf, strictObject } from "../../schema.ts";
import type { CompositeFunction } from "../../composite.ts";
import type { Tensor } from "../../tensor.ts";
import { clip } from "../clip.ts";
import { unary } from "../define.ts";
import { hardSigmoid, sigmoid, softplus } from "./sigmoid.ts";

/*
 * x times a gate between 0 and 1. NaN stays NaN, and at ±∞ each gives its limit.
 */

/** Beyond this the sigmoid of −x is 0 in every float type, so that x·0 need not meet an infinite x. */
const SIGMOID_END = 1e4;
/** Beyond this the normal distribution function of −x is 0 in every float type; its square fits f16. */
const NORMAL_END = 100;
const bounded = (x: Tensor, end: number): Tensor => clip(x, { min: -end, max: end });

/**
 * x·sigmoid(x), also called swish; 0 at −∞.
 * Source: Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units" (2017), arXiv:1702.03118.
 */
export const silu: CompositeFunction<[x: Tensor]> = unary(
  "silu",
  (x) => x.max(-SIGMOID_END).mul(sigmoid(x)),
  {
    gradient: ({ x, g }) => {
      const s = sigmoid(x);
      return g.mul(s).mul(s.neg().add(1).mul(bounded(x, SIGMOID_END)).add(1));
    },
  },
);

/**
 * x·hardSigmoid(x) with alpha = 1/6, beta = 1/2; 0 at −∞. The derivative is 0 at −3 and 1 at 3.
 * Source: Howard et al., "Searching for MobileNetV3" (2019), arXiv:1905.02244.
 */
export const hardSwish: CompositeFunction<[x: Tensor]> = unary(
  "hardSwish",
  (x) => x.max(-3).mul(hardSigmoid(x, { alpha: 1 / 6, beta: 0.5 })),
  {
    gradient: ({ x, g }) => x.lessOrEqual(-3).where(0, x.less(3).where(g.mul(x.mul(1 / 3).add(0.5)), g)),
  },
);

/** x·tanh(softplus(x)); 0 at −∞. Source: Misra, "Mish" (2019), arXiv:1908.08681. */
export const mish: CompositeFunction<[x: Tensor]> = unary(
  "mish",
  (x) => x.max(-SIGMOID_END).mul(softplus(x).tanh()),
  {
    gradient: ({ x, g }) => {
      const t = softplus(x).tanh();
      const slope = t.mul(t).neg().add(1).mul(sigmoid(x)).mul(bounded(x, SIGMOID_END));
      return g.mul(t.add(slope));
    },
  },
);

const SQRT_2 = Math.SQRT2;
const TANH_FACTOR = Math.sqrt(2 / Math.PI);
const TANH_CUBIC = 0.044715;
/** √(2/π)·(x + 0.044715·x³). */
const tanhArgument = (x: Tensor): Tensor => x.mul(x).mul(TANH_CUBIC).add(1).mul(x).mul(TANH_FACTOR);
/** Φ(x), the normal distribution function, and its approximation by tanh. */
const normal = {
  none: (x: Tensor): Tensor =>
    x
      .mul(1 / SQRT_2)
      .erf()
      .add(1)
      .mul(0.5),
  tanh: (x: Tensor): Tensor => tanhArgument(x).tanh().add(1).mul(0.5),
};
/** x·Φ′(x). */
const normalSlope = {
  none: (x: Tensor): Tensor =>
    x
      .mul(x)
      .mul(-0.5)
      .exp()
      .mul(x)
      .mul(1 / Math.sqrt(2 * Math.PI)),
  tanh: (x: Tensor): Tensor => {
    const t = tanhArgument(x).tanh();
    const inner = x
      .mul(x)
      .mul(3 * TANH_CUBIC)
      .add(1)
      .mul(TANH_FACTOR);
    return t.mul(t).neg().add(1).mul(inner).mul(x).mul(0.5);
  },
};

export interface GeluOptions {
  /** `"none"` is x·Φ(x) by the error function; `"tanh"` the cheaper 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))). */
  readonly approximate?: "none" | "tanh";
}

/** x times the normal distribution function of x; 0 at −∞. Source: Hendrycks, Gimpel (2016), arXiv:1606.08415. */
export const gelu: CompositeFunction<[x: Tensor, options?: GeluOptions]> = unary(
  "gelu",
  (x, { approximate }) => x.max(-NORMAL_END).mul(normal[approximate](x)),
  {
    attributes: strictObject({ approximate: oneOf(["none", "tanh"]) }),
    settings: (_, { approximate = "none" } = {}) => ({ approximate }),
    gradient: ({ x, g, attributes: { approximate } }) => {
      const c = bounded(x, NORMAL_END);
      return g.mul(normal[approximate](c).add(normalSlope[approximate](c)));
    },
  },
);
