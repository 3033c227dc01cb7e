import { number, strictObject } from "../../schema.ts";
import type { CompositeFunction } from "../../composite.ts";
import type { Tensor } from "../../tensor.ts";
import { div } from "../../ops/arithmetic.ts";
import { clip } from "../clip.ts";
import { unary } from "../define.ts";
import type { AlphaOptions } from "./relu.ts";

/*
 * The sigmoid, functions shaped like it, and softplus, whose derivative it is. NaN stays NaN, and at ±∞ each gives its limit.
 */

/** e^(−|x|), at most 1: what keeps the functions below from overflowing. */
const decay = (x: Tensor): Tensor => x.abs().neg().exp();

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

export interface HardSigmoidOptions extends AlphaOptions {
  readonly beta?: number;
}

/** alpha·x + beta held within [0, 1]; the derivative at the kinks is 0. */
export const hardSigmoid: CompositeFunction<[x: Tensor, options?: HardSigmoidOptions]> = unary(
  "hardSigmoid",
  (x, { alpha, beta }) => clip(x.mul(alpha).add(beta), { min: 0, max: 1 }),
  {
    attributes: strictObject({ alpha: number(), beta: number() }),
    settings: (_, { alpha = 0.2, beta = 0.5 } = {}) => ({ alpha, beta }),
    gradient: ({ y, g, attributes: { alpha } }) => y.greater(0).and(y.less(1)).where(g.mul(alpha), 0),
  },
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
