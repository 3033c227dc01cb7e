import { checked, int, minimum, number, strictObject } from "../schema.ts";
import { type Dim, divDims } from "../dim.ts";
import { AdjointError } from "../error.ts";
import type { Composite, Tensor } from "../tensor.ts";
import { div } from "../ops/arithmetic.ts";
import { normalizeAxis, operand } from "../primitive.ts";
import {
  type Epsilon,
  type EpsilonOptions,
  checkChannels,
  epsilonSchema,
  perChannel,
  scaleAndBias,
} from "./batch-normalization.ts";
import { checkDTypes, checkShape, define, outputOf } from "./define.ts";
import { standardize } from "./statistics.ts";

interface AxisEpsilon {
  axis: number;
  epsilon: number;
}
interface Groups {
  groups: number;
  epsilon: number;
}

const epsilon = checked(number(), minimum(0));
const axisEpsilonSchema = strictObject({ axis: int(), epsilon });

/** Refuses a scale or bias that does not stretch over the normalized axes. */
function checkTrailing(name: string, inputs: readonly Tensor[], axis: number): void {
  checkDTypes(name, inputs);
  const [x, ...rest] = inputs;
  if (x === undefined) return;
  const normalized = x.shape.slice(normalizeAxis(name, axis, x.rank));
  rest.forEach((tensor, index) =>
    checkShape(name, tensor, normalized, index === 0 ? "the scale" : "the bias"),
  );
}

const from = (axis: number, x: Tensor): number[] =>
  [...x.shape.keys()].slice(normalizeAxis("normalization", axis, x.rank));

/** Mean and deviation per example and group of channels. */
function standardizeGroups(name: string, x: Tensor, groups: number, epsilonValue: number): Tensor {
  const size: Dim | undefined = divDims(x.shape[1] ?? 1, groups);
  if (size === undefined)
    throw new AdjointError("shape", name, `the channels of ${x} do not divide into ${groups} groups`);
  const split = x.reshape([x.shape[0] ?? 1, groups, size, ...x.shape.slice(2)]);
  const axes = [...split.shape.keys()].slice(2);
  return standardize(split, { axes, epsilon: epsilonValue }).reshape(x.shape);
}

const layerNormalizationOperation = define<AxisEpsilon>({
  name: "layerNormalization",
  arity: [2, 3],
  attributes: axisEpsilonSchema,
  check: (inputs, { axis }) => checkTrailing("layerNormalization", inputs, axis),
  build: (inputs, attributes) => {
    const [x, scale, bias] = [operand(inputs, 0), operand(inputs, 1), inputs[2]];
    const axes = from(attributes.axis, x);
    const scaled = standardize(x, { axes, epsilon: attributes.epsilon }).mul(scale);
    return bias === undefined ? scaled : scaled.add(bias);
  },
});

const groupNormalizationOperation = define<Groups>({
  name: "groupNormalization",
  arity: 3,
  attributes: strictObject({ groups: checked(int(), minimum(1)), epsilon }),
  check: (inputs) => checkChannels("groupNormalization", inputs, scaleAndBias),
  build: (inputs, { groups, epsilon: value }) =>
    scaledByChannel(inputs, standardizeGroups("groupNormalization", operand(inputs, 0), groups, value)),
});

const instanceNormalizationOperation = define<Epsilon>({
  name: "instanceNormalization",
  arity: 3,
  attributes: epsilonSchema,
  check: (inputs) => checkChannels("instanceNormalization", inputs, scaleAndBias),
  build: (inputs, attributes) => {
    const x = operand(inputs, 0);
    return scaledByChannel(inputs, standardize(x, { axes: from(2, x), epsilon: attributes.epsilon }));
  },
});

const rmsNormalizationOperation = define<AxisEpsilon>({
  name: "rmsNormalization",
  arity: 2,
  attributes: axisEpsilonSchema,
  check: (inputs, { axis }) => checkTrailing("rmsNormalization", inputs, axis),
  build: (inputs, attributes) => {
    const x = operand(inputs, 0);
    const square = x.mul(x).reduceMean({ axes: from(attributes.axis, x), keepDims: true });
    return x.mul(div(1, square.add(attributes.epsilon).sqrt())).mul(operand(inputs, 1));
  },
});

const scaledByChannel = (inputs: readonly Tensor[], standard: Tensor): Tensor =>
  standard.mul(perChannel(operand(inputs, 1), standard)).add(perChannel(operand(inputs, 2), standard));

/** Normalizations within an example, by mean and variance and by the root mean square. */
export const normalizationComposites: readonly Composite[] = [
  layerNormalizationOperation,
  groupNormalizationOperation,
  instanceNormalizationOperation,
  rmsNormalizationOperation,
];

/** Options of a normalization over trailing axes. */
export interface AxisEpsilonOptions extends EpsilonOptions {
  /** The first of the normalized axes; the last axis by default. */
  readonly axis?: number;
}

/**
 * (x − mean)/√(variance + epsilon)·scale + bias over the axes from `axis` on, whose shape scale and bias have.
 * Source: Ba, Kiros, Hinton (2016), arXiv:1607.06450.
 */
export const layerNormalization = (
  x: Tensor,
  scale: Tensor,
  bias?: Tensor,
  { axis = -1, epsilon: value = 1e-5 }: AxisEpsilonOptions = {},
): Tensor =>
  outputOf(layerNormalizationOperation, bias === undefined ? [x, scale] : [x, scale, bias], {
    axis: normalizeAxis("layerNormalization", axis, x.rank),
    epsilon: value,
  });

/** Options of `groupNormalization`. */
export interface GroupNormalizationOptions extends EpsilonOptions {
  /** ONNX's num_groups: divides the channels. */
  readonly groups: number;
}

/**
 * Each example's groups of channels standardized, then scaled and shifted per channel.
 * Source: Wu, He (2018), arXiv:1803.08494.
 * @param x [N, C, …]; scale and bias are [C].
 */
export const groupNormalization = (
  x: Tensor,
  scale: Tensor,
  bias: Tensor,
  { groups, epsilon: value = 1e-5 }: GroupNormalizationOptions,
): Tensor => outputOf(groupNormalizationOperation, [x, scale, bias], { groups, epsilon: value });

/**
 * Each example's channels standardized, then scaled and shifted per channel.
 * Source: Ulyanov, Vedaldi, Lempitsky (2016), arXiv:1607.08022.
 * @param x [N, C, …]; scale and bias are [C].
 */
export const instanceNormalization = (
  x: Tensor,
  scale: Tensor,
  bias: Tensor,
  options: EpsilonOptions = {},
): Tensor => outputOf(instanceNormalizationOperation, [x, scale, bias], { epsilon: options.epsilon ?? 1e-5 });

/**
 * x/√(mean(x²) + epsilon)·scale over the axes from `axis` on, whose shape the scale has.
 * Source: Zhang, Sennrich (2019), arXiv:1910.07467.
 */
export const rmsNormalization = (
  x: Tensor,
  scale: Tensor,
  { axis = -1, epsilon: value = 1e-5 }: AxisEpsilonOptions = {},
): Tensor =>
  outputOf(rmsNormalizationOperation, [x, scale], {
    axis: normalizeAxis("rmsNormalization", axis, x.rank),
    epsilon: value,
  });
