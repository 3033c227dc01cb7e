import { number, strictObject } from "../../schema.ts";
import { type CompositeFunction, defineComposite } from "../../composite.ts";
import { AdjointError } from "../../error.ts";
import type { Tensor } from "../../tensor.ts";
import { stretchedAxes } from "../../ops/broadcast.ts";
import { broadcastShapes, equalShapes } from "../../shape.ts";
import { checkAttribute, checkDTypes, checkKey } from "../checks.ts";
import { binary, unary } from "../define.ts";
import { randomUniform } from "../random.ts";

/*
 * Rectifiers. Each states its derivative at its kink; NaN stays NaN.
 */

/** The factor of an activation. */
export interface AlphaOptions {
  readonly alpha?: number;
}

/** max(x, 0). The derivative at 0 is 0; it comes from the result, so the operand need not be kept. */
export const relu: CompositeFunction<[x: Tensor]> = unary("relu", (x) => x.max(0), {
  exact: true,
  gradient: ({ y, g }) => y.greater(0).where(g, 0),
});

/** x above 0, else alpha·x; the derivative at 0 is alpha. */
export const leakyRelu: CompositeFunction<[x: Tensor, options?: AlphaOptions]> = unary(
  "leakyRelu",
  (x, { alpha }) => x.greater(0).where(x, x.mul(alpha)),
  {
    attributes: strictObject({ alpha: number() }),
    settings: (_, { alpha = 0.01 } = {}) => ({ alpha }),
    // With alpha ≥ 0 the result is positive exactly if the operand is, so that the operand need not be kept.
    gradient: ({ x, y, g, attributes: { alpha } }) => (alpha >= 0 ? y : x).greater(0).where(g, g.mul(alpha)),
  },
);

/**
 * x above 0, else slope·x; the derivative at 0 is the slope. Source: He et al. (2015), arXiv:1502.01852.
 * @param slope learned; stretches to x's shape as ONNX PRelu's: [C, 1, 1] for one slope a channel of [N, C, H, W].
 */
export const prelu: CompositeFunction<[x: Tensor, slope: Tensor]> = binary(
  "prelu",
  (x, slope) => x.greater(0).where(x, x.mul(slope)),
  {
    check: ([x, slope]) => {
      checkDTypes("prelu", [x, slope]);
      if (equalShapes(broadcastShapes(x.shape, slope.shape) ?? [], x.shape)) return;
      throw new AdjointError(
        "shape",
        "prelu",
        `the slope ${slope} does not stretch to ${x}`,
        "For one slope a channel give it the shape [channels, 1, …].",
      );
    },
    gradient: ({ inputs: [x, slope], g }) => {
      const positive = x.greater(0);
      const bySlope = positive.where(0, g.mul(x));
      const axes = stretchedAxes(slope.shape, x.shape);
      return [positive.where(g, g.mul(slope)), bySlope.reduceSum({ axes }).reshape(slope.shape)];
    },
  },
);

export interface RReluOptions {
  readonly lower?: number;
  readonly upper?: number;
  /** Random slopes; true by default if a key is given. */
  readonly training?: boolean;
}

/**
 * x above 0, else slope·x. In training each element has its own slope, uniform in [lower, upper); otherwise all have the
 * mean of the two. Source: Xu et al. (2015), arXiv:1505.00853.
 * @param key u32[2], as from `randomKey`.
 * @throws AdjointError for training without a key.
 */
export const rrelu: CompositeFunction<[x: Tensor, key?: Tensor, options?: RReluOptions]> = defineComposite({
  name: "rrelu",
  arity: [1, 2],
  attributes: strictObject({ lower: number(), upper: number() }),
  call: (x, key, { lower = 1 / 8, upper = 1 / 3, training = key !== undefined } = {}) => {
    if (training && key === undefined) {
      throw new AdjointError("graph", "rrelu", "training needs a random key", "Give randomKey(…).");
    }
    return [[x, training ? key : undefined], { lower, upper }];
  },
  check: ([x, key], { lower, upper }) => {
    checkDTypes("rrelu", [x]);
    checkAttribute("rrelu", lower <= upper, `lower ${lower} exceeds upper ${upper}`);
    if (key !== undefined) checkKey("rrelu", key);
  },
  build: ([x, key], { lower, upper }) => {
    if (key === undefined) return leakyRelu(x, { alpha: (lower + upper) / 2 });
    return prelu(x, randomUniform(key, x.shape, { low: lower, high: upper, dtype: x.dtype }));
  },
});
