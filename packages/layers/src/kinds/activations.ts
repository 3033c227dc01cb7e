import {
  celu as celuOf,
  elu as eluOf,
  gelu as geluOf,
  hardSigmoid as hardSigmoidOf,
  leakyRelu as leakyReluOf,
  logSoftmax as logSoftmaxOf,
  maxout as maxoutOf,
  softmax as softmaxOf,
  thresholdedRelu as thresholdedReluOf,
} from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import { z } from "zod";
import { type ActivationName, activations } from "../activation.ts";
import { finite, size } from "../config.ts";
import type { Layer, LayerKind, NameOption } from "../layer.ts";
import { makeLayer } from "../make-layer.ts";

type None = Record<never, never>;
type PlainName = Exclude<
  ActivationName,
  "leakyRelu" | "elu" | "gelu" | "hardSigmoid" | "softmax" | "logSoftmax"
>;

/** An activation without settings. */
const plain = (kind: PlainName): LayerKind<None> => ({
  kind,
  schema: z.strictObject({}),
  build: (x) => activations[kind](x),
});

/** An activation that is a function of its input and its settings. */
const withConfig = <C>(
  kind: string,
  schema: z.ZodType<C>,
  apply: (x: Tensor, config: C) => Tensor,
): LayerKind<C> => ({ kind, schema, build: (x, { config }) => apply(x, config) });

/** Settings of activations with one factor. */
export interface AlphaConfig {
  readonly alpha: number;
}
export interface AlphaOptions extends NameOption {
  readonly alpha?: number | undefined;
}
const alphaOf = (standard: number): z.ZodType<AlphaConfig> =>
  z.strictObject({ alpha: finite.default(standard) });

/** Settings of activations along one axis, the last by default. */
export interface AxisConfig {
  readonly axis: number;
}
export interface AxisOptions extends NameOption {
  readonly axis?: number | undefined;
}
const lastAxis: z.ZodType<AxisConfig> = z.strictObject({ axis: z.int().default(-1) });

export interface GeluConfig {
  readonly approximate: "none" | "tanh";
}
export interface GeluOptions extends NameOption {
  /** "none" (by the error function) by default. */
  readonly approximate?: "none" | "tanh" | undefined;
}

export interface HardSigmoidConfig extends AlphaConfig {
  readonly beta: number;
}
export interface HardSigmoidOptions extends AlphaOptions {
  readonly beta?: number | undefined;
}

export interface MaxoutConfig extends AxisConfig {
  readonly pieces: number;
}
export interface MaxoutOptions extends NameOption {
  /** How many neighbouring features compete for one output. */
  readonly pieces: number;
  /** The axis of features, 1 by default. */
  readonly axis?: number | undefined;
}

const kinds = {
  identity: plain("identity"),
  relu: plain("relu"),
  selu: plain("selu"),
  sigmoid: plain("sigmoid"),
  tanh: plain("tanh"),
  softplus: plain("softplus"),
  softsign: plain("softsign"),
  silu: plain("silu"),
  mish: plain("mish"),
  hardSwish: plain("hardSwish"),
  binaryStep: plain("binaryStep"),
  leakyRelu: withConfig("leakyRelu", alphaOf(0.01), leakyReluOf),
  elu: withConfig("elu", alphaOf(1), eluOf),
  celu: withConfig("celu", alphaOf(1), celuOf),
  thresholdedRelu: withConfig("thresholdedRelu", alphaOf(1), thresholdedReluOf),
  softmax: withConfig("softmax", lastAxis, softmaxOf),
  logSoftmax: withConfig("logSoftmax", lastAxis, logSoftmaxOf),
  gelu: withConfig<GeluConfig>(
    "gelu",
    z.strictObject({ approximate: z.enum(["none", "tanh"], 'must be "none" or "tanh"').default("none") }),
    geluOf,
  ),
  hardSigmoid: withConfig<HardSigmoidConfig>(
    "hardSigmoid",
    z.strictObject({ alpha: finite.default(0.2), beta: finite.default(0.5) }),
    hardSigmoidOf,
  ),
  maxout: withConfig<MaxoutConfig>(
    "maxout",
    z.strictObject({ pieces: size, axis: z.int().default(1) }),
    maxoutOf,
  ),
};

/** Rows of the table of kinds. */
export const activationKinds: readonly LayerKind[] = Object.values(kinds);

type PlainFactory = (options?: NameOption) => Layer<None>;
const factory =
  (kind: LayerKind<None>): PlainFactory =>
  (options = {}) =>
    makeLayer(kind, options);

/** The input as it is: an empty branch. */
export const identity: PlainFactory = factory(kinds.identity);
/** max(x, 0). */
export const relu: PlainFactory = factory(kinds.relu);
/** Scaled exponential linear unit. */
export const selu: PlainFactory = factory(kinds.selu);
/** 1 / (1 + e^(−x)). */
export const sigmoid: PlainFactory = factory(kinds.sigmoid);
export const tanh: PlainFactory = factory(kinds.tanh);
/** log(1 + eˣ). */
export const softplus: PlainFactory = factory(kinds.softplus);
/** x / (1 + |x|). */
export const softsign: PlainFactory = factory(kinds.softsign);
/** x·sigmoid(x), also called swish. */
export const silu: PlainFactory = factory(kinds.silu);
/** x·tanh(softplus(x)). */
export const mish: PlainFactory = factory(kinds.mish);
/** x·hardSigmoid(x) with slope 1/6. */
export const hardSwish: PlainFactory = factory(kinds.hardSwish);
/** 1 where x ≥ 0, else 0: the neuron of McCulloch and Pitts. Its derivative is 0. */
export const binaryStep: PlainFactory = factory(kinds.binaryStep);

/** x above 0, else alpha·x; alpha is 0.01 by default. */
export const leakyRelu = (options: AlphaOptions = {}): Layer<AlphaConfig> =>
  makeLayer(kinds.leakyRelu, options);
/** x above 0, else alpha·(eˣ − 1); alpha is 1 by default. */
export const elu = (options: AlphaOptions = {}): Layer<AlphaConfig> => makeLayer(kinds.elu, options);
/** x above 0, else alpha·(e^(x/alpha) − 1); alpha is 1 by default. */
export const celu = (options: AlphaOptions = {}): Layer<AlphaConfig> => makeLayer(kinds.celu, options);
/** x above alpha, else 0; alpha is 1 by default. */
export const thresholdedRelu = (options: AlphaOptions = {}): Layer<AlphaConfig> =>
  makeLayer(kinds.thresholdedRelu, options);
/** e^x / Σ e^x along an axis, the last by default. Losses from logits want none before them. */
export const softmax = (options: AxisOptions = {}): Layer<AxisConfig> => makeLayer(kinds.softmax, options);
/** log softmax(x) along an axis, the last by default. */
export const logSoftmax = (options: AxisOptions = {}): Layer<AxisConfig> =>
  makeLayer(kinds.logSoftmax, options);
/** x times the normal distribution function of x. */
export const gelu = (options: GeluOptions = {}): Layer<GeluConfig> => makeLayer(kinds.gelu, options);
/** alpha·x + beta held within [0, 1]; 0.2 and 0.5 by default. */
export const hardSigmoid = (options: HardSigmoidOptions = {}): Layer<HardSigmoidConfig> =>
  makeLayer(kinds.hardSigmoid, options);
/** The largest of each `pieces` neighbouring features; put a dense or convolution layer of pieces × units before it. */
export const maxout = (options: MaxoutOptions): Layer<MaxoutConfig> => makeLayer(kinds.maxout, options);
