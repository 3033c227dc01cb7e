import { checked, gt, number, strictObject } from "../../schema.ts";
import type { CompositeFunction } from "../../composite.ts";
import type { Tensor } from "../../tensor.ts";
import { type UnaryOptions, unary } from "../define.ts";
import type { AlphaOptions } from "./relu.ts";

/*
 * Exponential units. NaN stays NaN, and at ±∞ each gives its limit.
 */

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
