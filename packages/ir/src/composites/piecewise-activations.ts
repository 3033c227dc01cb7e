import { checked, exactOptional, int, minimum, number, strictObject } from "../schema.ts";
import { type CompositeFunction, defineComposite } from "../composite.ts";
import { divDims } from "../dim.ts";
import { AdjointError } from "../error.ts";
import type { Tensor } from "../tensor.ts";
import { stretchedAxes } from "../ops/broadcast.ts";
import { checkDomain } from "../ops/elementwise.ts";
import { iota } from "../ops/source.ts";
import { normalizeAxis } from "../primitive.ts";
import { broadcastShapes, equalShapes } from "../shape.ts";
import { checkAttribute, checkDTypes, checkKey } from "./checks.ts";
import { binary, unary } from "./define.ts";
import { randomUniform } from "./random.ts";

/*
 * Activations that are linear by pieces. Each states its derivative at its kinks; NaN stays NaN.
 */

/** The factor of an activation. */
export interface AlphaOptions {
  readonly alpha?: number;
}

/** max(x, 0). The derivative at 0 is 0; it comes from the result, so the operand needs not be kept. */
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
    // With alpha ≥ 0 the result is positive just where the operand is, which then needs not be kept.
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

/** Options of `rrelu`. */
export interface RReluOptions {
  readonly lower?: number;
  readonly upper?: number;
  /** Random slopes; by default where a key is given. */
  readonly training?: boolean;
}

/**
 * x above 0, else slope·x, where in training each element has its own slope, uniform in [lower, upper), and otherwise
 * all have the mean of the two. Source: Xu et al. (2015), arXiv:1505.00853.
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

/** x above alpha, else 0. */
export const thresholdedRelu: CompositeFunction<[x: Tensor, options?: AlphaOptions]> = unary(
  "thresholdedRelu",
  (x, { alpha }) => x.lessOrEqual(alpha).where(0, x),
  {
    attributes: strictObject({ alpha: number() }),
    settings: (_, { alpha = 1 } = {}) => ({ alpha }),
  },
);

/** Options of `shrink`. */
export interface ShrinkOptions {
  readonly bias?: number;
  /** Half the width of the dead zone, ≥ 0. */
  readonly lambd?: number;
}

/** x moved toward 0 by `bias` where |x| > lambd, else 0. With bias = lambd it is soft shrinkage. */
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

/** Options of `hardSigmoid`. */
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

/** 1 where x ≥ 0, else 0: the neuron of McCulloch and Pitts (1943). Its derivative is 0 everywhere. */
export const binaryStep: CompositeFunction<[x: Tensor]> = unary(
  "binaryStep",
  (x) => x.isNaN().where(x, x.greaterOrEqual(0).cast(x.dtype)),
  { exact: true, gradient: () => undefined },
);

/** Options of `clip`: an absent bound does not bind. */
export interface ClipOptions {
  readonly min?: number;
  readonly max?: number;
}

/** x held within [min, max], of any numeric type. The derivative at a bound is 1. Where min > max all become max. */
export const clip: CompositeFunction<[x: Tensor, options: ClipOptions]> = unary(
  "clip",
  (x, { min, max }) => {
    const raised = min === undefined ? x : x.max(min);
    return max === undefined ? raised : raised.min(max);
  },
  {
    exact: true,
    attributes: strictObject({ min: exactOptional(number()), max: exactOptional(number()) }),
    settings: (_, bounds) => bounds,
    check: ([x]) => checkDomain("clip", "numeric", x),
    gradient: ({ x, g, attributes: { min, max } }) => {
      const above = min === undefined ? g : x.greaterOrEqual(min).where(g, 0);
      return max === undefined ? above : x.lessOrEqual(max).where(above, 0);
    },
  },
);

/** Options of `maxout`. */
export interface MaxoutOptions {
  readonly axis?: number;
  /** How many neighbours on the axis compete for one output. */
  readonly pieces: number;
}

/**
 * The largest of each `pieces` neighbours along an axis, which shrinks by that factor. Ties share the gradient equally.
 * Source: Goodfellow et al., "Maxout networks" (2013), arXiv:1302.4389.
 */
export const maxout: CompositeFunction<[x: Tensor, options: MaxoutOptions]> = unary(
  "maxout",
  (x, { axis, pieces }) => {
    const at = normalizeAxis("maxout", axis, x.rank);
    const units = divDims(x.shape[at] ?? 1, pieces);
    if (units === undefined) {
      throw new AdjointError("shape", "maxout", `axis ${at} of ${x} does not divide by ${pieces} pieces`);
    }
    const split = [...x.shape.slice(0, at), units, pieces, ...x.shape.slice(at + 1)];
    return x.reshape(split).reduceMax({ axes: [at + 1] });
  },
  {
    exact: true,
    attributes: strictObject({ axis: int(), pieces: checked(int(), minimum(1)) }),
    settings: (x, { axis = -1, pieces }) => ({ axis: normalizeAxis("maxout", axis, x.rank), pieces }),
  },
);

/** 1 at the first largest element along an axis, else 0. Its derivative is 0. */
export const hardmax: CompositeFunction<[x: Tensor, options?: { readonly axis?: number }]> = unary(
  "hardmax",
  (x, { axis }) => {
    const at = normalizeAxis("hardmax", axis, x.rank);
    const first = x.argMax({ axis: at, keepDims: true }).broadcast(x.shape);
    return iota("i32", x.shape, at).equal(first).cast(x.dtype);
  },
  {
    exact: true,
    attributes: strictObject({ axis: int() }),
    settings: (x, { axis = -1 } = {}) => ({ axis: normalizeAxis("hardmax", axis, x.rank) }),
    gradient: () => undefined,
  },
);
