import { checked, oneOf, gt, number, strictObject } from "../schema.ts";
import type { CompositeFunction } from "../composite.ts";
import type { Tensor } from "../tensor.ts";
import { div } from "../ops/arithmetic.ts";
import { type UnaryOptions, unary } from "./define.ts";
import { type AlphaOptions, clip } from "./piecewise-activations.ts";

/*
 * Smooth activations. NaN stays NaN, and at ±∞ each gives its limit.
 */

/** e^(−|x|), at most 1: what keeps the functions below from overflowing. */
const decay = (x: Tensor): Tensor => x.abs().neg().exp();

/** gain·x above 0 and gain·height·(e^(x/width) − 1) below. The argument of the exponential never exceeds 0. */
interface Exponential {
  readonly gain?: number;
  readonly height: number;
  readonly width?: number;
}
const exponential = (x: Tensor, { gain = 1, height, width = 1 }: Exponential): Tensor => {
  const below = scaled(scaled(x.min(0), 1 / width).expm1(), height);
  return scaled(x.greater(0).where(x, below), gain);
};
const exponentialGradient = (x: Tensor, g: Tensor, { gain = 1, height, width = 1 }: Exponential): Tensor => {
  const below = scaled(scaled(x.min(0), 1 / width).exp(), height / width);
  return scaled(x.greater(0).where(g, g.mul(below)), gain);
};
const scaled = (x: Tensor, factor: number): Tensor => (factor === 1 ? x : x.mul(factor));

/** Beyond this the sigmoid of −x is 0 in every float type, so that x·0 need not meet an infinite x. */
const SIGMOID_END = 1e4;
/** Beyond this the normal distribution function of −x is 0 in every float type; its square fits f16. */
const NORMAL_END = 100;
const bounded = (x: Tensor, end: number): Tensor => clip(x, { min: -end, max: end });

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

/** 1 / (1 + e^(−x)), without overflow; the derivative y·(1 − y) comes from the result. */
export const sigmoid: CompositeFunction<[x: Tensor]> = unary(
  "sigmoid",
  (x) => {
    const e = decay(x);
    const positive = div(1, e.add(1));
    return x.greaterOrEqual(0).where(positive, e.mul(positive));
  },
  { gradient: ({ y, g }) => g.mul(y).mul(y.neg().add(1)) },
);

/** log(1 + eˣ) = max(x, 0) + log(1 + e^(−|x|)), without overflow; the derivative is the sigmoid. */
export const softplus: CompositeFunction<[x: Tensor]> = unary(
  "softplus",
  (x) => x.max(0).add(decay(x).log1p()),
  { gradient: ({ x, g }) => g.mul(sigmoid(x)) },
);

/** x / (1 + |x|); ±1 at ±∞. */
export const softsign: CompositeFunction<[x: Tensor]> = unary(
  "softsign",
  (x) => x.isInf().where(x.sign(), x.div(x.abs().add(1))),
  {
    gradient: ({ x, g }) => {
      const rest = x.abs().add(1);
      return g.div(rest.mul(rest));
    },
  },
);

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

/** Options of `gelu`. */
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

/**
 * x above 0, else alpha·(eˣ − 1); the derivative at 0 is alpha.
 * Source: Clevert, Unterthiner, Hochreiter (2015), arXiv:1511.07289.
 */
export const elu: CompositeFunction<[x: Tensor, options?: AlphaOptions]> = exponentialUnit(
  "elu",
  ({ alpha }) => ({ height: alpha }),
  {
    attributes: strictObject({ alpha: number() }),
    settings: (_, { alpha = 1 } = {}) => ({ alpha }),
  },
);

/** Options of `selu`; ONNX's values by default, which are the paper's rounded to f32. */
export interface SeluOptions extends AlphaOptions {
  readonly gamma?: number;
}

/**
 * gamma·x above 0, else gamma·alpha·(eˣ − 1); the derivative at 0 is gamma·alpha.
 * Source: Klambauer et al., "Self-normalizing neural networks" (2017), arXiv:1706.02515.
 */
export const selu: CompositeFunction<[x: Tensor, options?: SeluOptions]> = exponentialUnit(
  "selu",
  ({ alpha, gamma }) => ({ gain: gamma, height: alpha }),
  {
    attributes: strictObject({ alpha: number(), gamma: number() }),
    settings: (_, { alpha = 1.67326319217681884765625, gamma = 1.05070102214813232421875 } = {}) => ({
      alpha,
      gamma,
    }),
  },
);

/** x above 0, else alpha·(e^(x/alpha) − 1), alpha > 0. Source: Barron (2017), arXiv:1704.07483. */
export const celu: CompositeFunction<[x: Tensor, options?: AlphaOptions]> = exponentialUnit(
  "celu",
  ({ alpha }) => ({ height: alpha, width: alpha }),
  {
    attributes: strictObject({ alpha: checked(number(), gt(0)) }),
    settings: (_, { alpha = 1 } = {}) => ({ alpha }),
  },
);

// @__NO_SIDE_EFFECTS__
function exponentialUnit<A, P extends readonly unknown[]>(
  name: string,
  shape: (attributes: A) => Exponential,
  options: Pick<UnaryOptions<A, P>, "attributes" | "settings">,
): CompositeFunction<[x: Tensor, ...P]> {
  return unary(name, (x, given) => exponential(x, shape(given)), {
    ...options,
    gradient: ({ x, g, attributes }) => exponentialGradient(x, g, shape(attributes)),
  });
}
