import { at } from "../at.ts";
import { checked, int, minimum, number, strictObject } from "../schema.ts";
import { type Dim, divDims } from "../dim.ts";
import { AdjointError } from "../error.ts";
import { type CompositeFunction, defineComposite } from "../composite.ts";
import type { Tensor } from "../tensor.ts";
import { div } from "../ops/arithmetic.ts";
import { normalizeAxis } from "../primitive.ts";
import type { EpsilonOptions } from "./batch-normalization.ts";
import { checkChannels, epsilonSchema, perChannel, scaleAndBias } from "./channels.ts";
import { checkDTypes, checkShape } from "./checks.ts";
import { binary } from "./define.ts";
import { standardize } from "./standardize.ts";

/*
 * Normalizations within an example, by mean and variance and by the root mean square.
 */

const axisEpsilonSchema = strictObject({ axis: int(), epsilon: checked(number(), minimum(0)) });

/** Refuses a scale or bias that does not stretch over the normalized axes. */
function checkTrailing(name: string, [x, ...rest]: readonly [Tensor, ...Tensor[]], axis: number): void {
  checkDTypes(name, [x, ...rest]);
  const normalized = x.shape.slice(normalizeAxis(name, axis, x.rank));
  rest.forEach((tensor, index) =>
    checkShape(name, tensor, normalized, index === 0 ? "the scale" : "the bias"),
  );
}

const from = (axis: number, x: Tensor): number[] =>
  [...x.shape.keys()].slice(normalizeAxis("normalization", axis, x.rank));

/** Mean and deviation per example and group of channels. */
function standardizeGroups(name: string, x: Tensor, groups: number, epsilon: number): Tensor {
  const size: Dim | undefined = divDims(x.shape[1] ?? 1, groups);
  if (size === undefined)
    throw new AdjointError("shape", name, `the channels of ${x} do not divide into ${groups} groups`);
  const split = x.reshape([at(x.shape, 0), groups, size, ...x.shape.slice(2)]);
  const axes = [...split.shape.keys()].slice(2);
  return standardize(split, { axes, epsilon }).reshape(x.shape);
}

const scaledByChannel = (standard: Tensor, scale: Tensor, bias: Tensor): Tensor =>
  standard.mul(perChannel(scale, standard)).add(perChannel(bias, standard));

/** Options of a normalization over trailing axes. */
export interface AxisEpsilonOptions extends EpsilonOptions {
  /** The first of the normalized axes; the last axis by default. */
  readonly axis?: number;
}

/**
 * (x − mean)/√(variance + epsilon)·scale + bias over the axes from `axis` on, whose shape scale and bias have.
 * Source: Ba, Kiros, Hinton (2016), arXiv:1607.06450.
 */
export const layerNormalization: CompositeFunction<
  [x: Tensor, scale: Tensor, bias?: Tensor, options?: AxisEpsilonOptions]
> = defineComposite({
  name: "layerNormalization",
  arity: [2, 3],
  attributes: axisEpsilonSchema,
  call: (x, scale, bias, { axis = -1, epsilon = 1e-5 } = {}) => [
    [x, scale, bias],
    { axis: normalizeAxis("layerNormalization", axis, x.rank), epsilon },
  ],
  check: ([x, scale, bias], { axis }) =>
    checkTrailing("layerNormalization", bias === undefined ? [x, scale] : [x, scale, bias], axis),
  build: ([x, scale, bias], { axis, epsilon }) => {
    const scaled = standardize(x, { axes: from(axis, x), epsilon }).mul(scale);
    return bias === undefined ? scaled : scaled.add(bias);
  },
});

export interface GroupNormalizationOptions extends EpsilonOptions {
  /** ONNX's num_groups: divides the channels. */
  readonly groups: number;
}

/**
 * Each example's groups of channels standardized, then scaled and shifted per channel.
 * Source: Wu, He (2018), arXiv:1803.08494.
 * @param x [N, C, …]; scale and bias are [C].
 */
export const groupNormalization: CompositeFunction<
  [x: Tensor, scale: Tensor, bias: Tensor, options: GroupNormalizationOptions]
> = defineComposite({
  name: "groupNormalization",
  arity: 3,
  attributes: strictObject({ groups: checked(int(), minimum(1)), epsilon: checked(number(), minimum(0)) }),
  call: (x, scale, bias, { groups, epsilon = 1e-5 }) => [[x, scale, bias], { groups, epsilon }],
  check: (inputs) => checkChannels("groupNormalization", inputs, scaleAndBias),
  build: ([x, scale, bias], { groups, epsilon }) =>
    scaledByChannel(standardizeGroups("groupNormalization", x, groups, epsilon), scale, bias),
});

/**
 * Each example's channels standardized, then scaled and shifted per channel.
 * Source: Ulyanov, Vedaldi, Lempitsky (2016), arXiv:1607.08022.
 * @param x [N, C, …]; scale and bias are [C].
 */
export const instanceNormalization: CompositeFunction<
  [x: Tensor, scale: Tensor, bias: Tensor, options?: EpsilonOptions]
> = defineComposite({
  name: "instanceNormalization",
  arity: 3,
  attributes: epsilonSchema,
  call: (x, scale, bias, { epsilon = 1e-5 } = {}) => [[x, scale, bias], { epsilon }],
  check: (inputs) => checkChannels("instanceNormalization", inputs, scaleAndBias),
  build: ([x, scale, bias], { epsilon }) =>
    scaledByChannel(standardize(x, { axes: from(2, x), epsilon }), scale, bias),
});

/**
 * x/√(mean(x²) + epsilon)·scale over the axes from `axis` on, whose shape the scale has.
 * Source: Zhang, Sennrich (2019), arXiv:1910.07467.
 */
export const rmsNormalization: CompositeFunction<[x: Tensor, scale: Tensor, options?: AxisEpsilonOptions]> =
  binary(
    "rmsNormalization",
    (x, scale, { axis, epsilon }) => {
      const square = x.mul(x).reduceMean({ axes: from(axis, x), keepDims: true });
      return x.mul(div(1, square.add(epsilon).sqrt())).mul(scale);
    },
    {
      attributes: axisEpsilonSchema,
      settings: (x, _, { axis = -1, epsilon = 1e-5 } = {}) => ({
        axis: normalizeAxis("rmsNormalization", axis, x.rank),
        epsilon,
      }),
      check: (inputs, { axis }) => checkTrailing("rmsNormalization", inputs, axis),
    },
  );
