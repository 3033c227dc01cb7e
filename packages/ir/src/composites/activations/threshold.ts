import { checked, minimum, number, strictObject } from "../../schema.ts";
import type { CompositeFunction } from "../../composite.ts";
import type { Tensor } from "../../tensor.ts";
import { unary } from "../define.ts";
import type { AlphaOptions } from "./relu.ts";

/*
 * Functions that jump at a threshold. NaN stays NaN.
 */

/** 1 if x ≥ 0, else 0: the neuron of McCulloch and Pitts (1943). Its derivative is 0 everywhere. */
export const binaryStep: CompositeFunction<[x: Tensor]> = unary(
  "binaryStep",
  (x) => x.isNaN().where(x, x.greaterOrEqual(0).cast(x.dtype)),
  { exact: true, gradient: () => undefined },
);

/** x above alpha, else 0. */
export const thresholdedRelu: CompositeFunction<[x: Tensor, options?: AlphaOptions]> = unary(
  "thresholdedRelu",
  (x, { alpha }) => x.lessOrEqual(alpha).where(0, x),
  {
    attributes: strictObject({ alpha: number() }),
    settings: (_, { alpha = 1 } = {}) => ({ alpha }),
  },
);

export interface ShrinkOptions {
  readonly bias?: number;
  /** Half the width of the dead zone, ≥ 0. */
  readonly lambd?: number;
}

/** x moved toward 0 by `bias` if |x| > lambd, else 0. With bias = lambd it is soft shrinkage. */
export const shrink: CompositeFunction<[x: Tensor, options?: ShrinkOptions]> = unary(
  "shrink",
  (x, { bias, lambd }) =>
    x
      .abs()
      .lessOrEqual(lambd)
      .where(0, x.sub(x.sign().mul(bias))),
  {
    attributes: strictObject({ bias: number(), lambd: checked(number(), minimum(0)) }),
    settings: (_, { bias = 0, lambd = 0.5 } = {}) => ({ bias, lambd }),
  },
);
