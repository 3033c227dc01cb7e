import {
  type Tensor,
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
import { type Schema, finite, int, oneOf, strictObject, withDefault } from "@adjoint/ir/schema";
import { type ActivationName, activations } from "../activation.ts";
import { size } from "../config.ts";
import type { Layer, LayerKind, NameOption } from "../layer.ts";
import { makeLayer } from "../make-layer.ts";

type None = Record<never, never>;
type PlainName = Exclude<
  ActivationName,
  "leakyRelu" | "elu" | "gelu" | "hardSigmoid" | "softmax" | "logSoftmax"
>;

/** An activation without settings. */
// @__NO_SIDE_EFFECTS__
const plain = (kind: PlainName): LayerKind<None> => ({
  kind,
  schema: strictObject({}),
  build: (x) => activations[kind](x),
});

/** An activation that is a function of its input and its settings. */
// @__NO_SIDE_EFFECTS__
const withConfig = <C>(
  kind: string,
  schema: Schema<C>,
  apply: (x: Tensor, config: C) => Tensor,
): LayerKind<C> => ({ kind, schema, build: (x, { config }) => apply(x, config) });

/** Settings of activations with one factor. */
export interface AlphaConfig {
  readonly alpha: number;
}
export interface AlphaOptions extends NameOption {
  readonly alpha?: number | undefined;
}
// @__NO_SIDE_EFFECTS__
const alphaOf = (standard: number): Schema<AlphaConfig> =>
  strictObject({ alpha: withDefault(finite, standard) });

/** Settings of activations along one axis, the last by default. */
export interface AxisConfig {
  readonly axis: number;
}
export interface AxisOptions extends NameOption {
  readonly axis?: number | undefined;
}
const lastAxis: Schema<AxisConfig> = strictObject({ axis: withDefault(int(), -1) });

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
  /** The number of neighbouring features that compete for one output. */
  readonly pieces: number;
  /** The axis of features, 1 by default. */
  readonly axis?: number | undefined;
}

const identityKind = plain("identity");
const reluKind = plain("relu");
const seluKind = plain("selu");
const sigmoidKind = plain("sigmoid");
const tanhKind = plain("tanh");
const softplusKind = plain("softplus");
const softsignKind = plain("softsign");
const siluKind = plain("silu");
const mishKind = plain("mish");
const hardSwishKind = plain("hardSwish");
const binaryStepKind = plain("binaryStep");
const leakyReluKind = withConfig("leakyRelu", alphaOf(0.01), leakyReluOf);
const eluKind = withConfig("elu", alphaOf(1), eluOf);
const celuKind = withConfig("celu", alphaOf(1), celuOf);
const thresholdedReluKind = withConfig("thresholdedRelu", alphaOf(1), thresholdedReluOf);
const softmaxKind = withConfig("softmax", lastAxis, softmaxOf);
const logSoftmaxKind = withConfig("logSoftmax", lastAxis, logSoftmaxOf);
const geluKind = withConfig<GeluConfig>(
  "gelu",
  strictObject({
    approximate: withDefault(oneOf(["none", "tanh"], 'must be "none" or "tanh"'), "none"),
  }),
  geluOf,
);
const hardSigmoidKind = withConfig<HardSigmoidConfig>(
  "hardSigmoid",
  strictObject({ alpha: withDefault(finite, 0.2), beta: withDefault(finite, 0.5) }),
  hardSigmoidOf,
);
const maxoutKind = withConfig<MaxoutConfig>(
  "maxout",
  strictObject({ pieces: size, axis: withDefault(int(), 1) }),
  maxoutOf,
);

/** Rows of the table of kinds. */
export const activationKinds: readonly LayerKind[] = [
  identityKind,
  reluKind,
  seluKind,
  sigmoidKind,
  tanhKind,
  softplusKind,
  softsignKind,
  siluKind,
  mishKind,
  hardSwishKind,
  binaryStepKind,
  leakyReluKind,
  eluKind,
  celuKind,
  thresholdedReluKind,
  softmaxKind,
  logSoftmaxKind,
  geluKind,
  hardSigmoidKind,
  maxoutKind,
];

type PlainFactory = (options?: NameOption) => Layer<None>;
// @__NO_SIDE_EFFECTS__
const factory =
  (kind: LayerKind<None>): PlainFactory =>
  (options = {}) =>
    makeLayer(kind, options);

/** The input as it is: an empty branch. */
export const identity: PlainFactory = factory(identityKind);
/** max(x, 0). */
export const relu: PlainFactory = factory(reluKind);
/** Scaled exponential linear unit. */
export const selu: PlainFactory = factory(seluKind);
/** 1 / (1 + e^(−x)). */
export const sigmoid: PlainFactory = factory(sigmoidKind);
export const tanh: PlainFactory = factory(tanhKind);
/** log(1 + eˣ). */
export const softplus: PlainFactory = factory(softplusKind);
/** x / (1 + |x|). */
export const softsign: PlainFactory = factory(softsignKind);
/** x·sigmoid(x), also called swish. */
export const silu: PlainFactory = factory(siluKind);
/** x·tanh(softplus(x)). */
export const mish: PlainFactory = factory(mishKind);
/** x·hardSigmoid(x) with slope 1/6. */
export const hardSwish: PlainFactory = factory(hardSwishKind);
/** 1 where x ≥ 0, else 0: the neuron of McCulloch and Pitts. Its derivative is 0. */
export const binaryStep: PlainFactory = factory(binaryStepKind);

/** x above 0, else alpha·x; alpha is 0.01 by default. */
export const leakyRelu = (options: AlphaOptions = {}): Layer<AlphaConfig> =>
  makeLayer(leakyReluKind, options);
/** x above 0, else alpha·(eˣ − 1); alpha is 1 by default. */
export const elu = (options: AlphaOptions = {}): Layer<AlphaConfig> => makeLayer(eluKind, options);
/** x above 0, else alpha·(e^(x/alpha) − 1); alpha is 1 by default. */
export const celu = (options: AlphaOptions = {}): Layer<AlphaConfig> => makeLayer(celuKind, options);
/** x above alpha, else 0; alpha is 1 by default. */
export const thresholdedRelu = (options: AlphaOptions = {}): Layer<AlphaConfig> =>
  makeLayer(thresholdedReluKind, options);
/** e^x / Σ e^x along an axis, the last by default. Losses from logits want none before them. */
export const softmax = (options: AxisOptions = {}): Layer<AxisConfig> => makeLayer(softmaxKind, options);
/** log softmax(x) along an axis, the last by default. */
export const logSoftmax = (options: AxisOptions = {}): Layer<AxisConfig> =>
  makeLayer(logSoftmaxKind, options);
/** x times the normal distribution function of x. */
export const gelu = (options: GeluOptions = {}): Layer<GeluConfig> => makeLayer(geluKind, options);
/** alpha·x + beta held within [0, 1]; 0.2 and 0.5 by default. */
export const hardSigmoid = (options: HardSigmoidOptions = {}): Layer<HardSigmoidConfig> =>
  makeLayer(hardSigmoidKind, options);
/** The largest of each `pieces` neighbouring features; put a dense or convolution layer of pieces × units before it. */
export const maxout = (options: MaxoutOptions): Layer<MaxoutConfig> => makeLayer(maxoutKind, options);
