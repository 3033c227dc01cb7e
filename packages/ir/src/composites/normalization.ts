import { z } from "zod";
import { type Dim, divDims } from "../dim.ts";
import { AdjointError } from "../error.ts";
import type { Composite, Cotangent, Node, Tensor } from "../node.ts";
import { div } from "../ops/arithmetic.ts";
import { countOf } from "../ops/reduce.ts";
import { normalizeAxis, operand } from "../primitive.ts";
import { type CheckedComposite, all, checkDTypes, checkShape, define, one } from "./define.ts";
import { inverseDeviation, standardize, variance } from "./statistics.ts";

interface Epsilon {
  epsilon: number;
}
interface AxisEpsilon {
  axis: number;
  epsilon: number;
}
interface Groups {
  groups: number;
  epsilon: number;
}

const epsilon = z.number().min(0);
const epsilonSchema = z.strictObject({ epsilon });
const axisEpsilonSchema = z.strictObject({ axis: z.int(), epsilon });

/** One number a channel (axis 1), stretched over the other axes of x. */
const perChannel = (vector: Tensor, x: Tensor): Tensor =>
  vector.reshape([x.shape[1] ?? 1, ...x.shape.slice(2).map(() => 1)]);

/** All axes but the channels'. */
const besidesChannels = (x: Tensor): number[] => [...x.shape.keys()].filter((axis) => axis !== 1);

const scaleAndBias = ["scale", "bias"];

/** Refuses operands other than x [N, C, …] and one float a channel. */
function checkChannels(name: string, inputs: readonly Tensor[], what: readonly string[]): void {
  checkDTypes(name, inputs);
  const [x, ...vectors] = inputs;
  if (x === undefined) return;
  if (x.rank < 2) throw new AdjointError("shape", name, `wants [N, C, …] and got ${x}`);
  vectors.forEach((vector, index) =>
    checkShape(name, vector, x.shape.slice(1, 2), `the ${what[index] ?? "vector"}`),
  );
}

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

/**
 * The gradient needs no more than the sums that bias and scale get: with n = 1/√(variance + epsilon) and the standardized
 * ŷ it is scale·n·(g − Σg/count − ŷ·Σ(g·ŷ)/count).
 */
function trainingOperation(): CheckedComposite<Epsilon> {
  const operation = define<Epsilon>({
    name: "batchNormalizationTraining",
    arity: 3,
    attributes: epsilonSchema,
    check: (inputs) => checkChannels("batchNormalizationTraining", inputs, scaleAndBias),
    build: (inputs, attributes) => {
      const x = operand(inputs, 0);
      const axes = besidesChannels(x);
      const y = standardize(x, { axes, epsilon: attributes.epsilon })
        .mul(perChannel(operand(inputs, 1), x))
        .add(perChannel(operand(inputs, 2), x));
      return [y, x.reduceMean({ axes }), variance(x, { axes })];
    },
  });
  const gradient = (
    node: Node<Epsilon>,
    [g, byMean, byVariance]: readonly Cotangent[],
  ): readonly Cotangent[] => {
    const [x, scale] = [operand(node.inputs, 0), operand(node.inputs, 1)];
    const axes = besidesChannels(x);
    const { epsilon: value } = node.attributes;
    const count = countOf(
      axes.map((axis) => x.shape[axis] ?? 1),
      x,
    );
    const parts: Tensor[] = [];
    const sums: Tensor[] = [];
    if (g !== undefined) {
      const standard = standardize(x, { axes, epsilon: value });
      const [byScale, byBias] = [g.mul(standard).reduceSum({ axes }), g.reduceSum({ axes })];
      const along = standard.mul(perChannel(byScale.div(count), x));
      const factor = inverseDeviation(x, axes, value).mul(perChannel(scale, x));
      parts.push(
        g
          .sub(perChannel(byBias.div(count), x))
          .sub(along)
          .mul(factor),
      );
      sums.push(byScale, byBias);
    }
    if (byMean !== undefined) parts.push(perChannel(byMean.div(count), x).broadcast(x.shape));
    if (byVariance !== undefined) {
      const distance = x.sub(x.reduceMean({ axes, keepDims: true }));
      parts.push(distance.mul(perChannel(byVariance.mul(2).div(count), x)));
    }
    const [first, ...rest] = parts;
    return [first && rest.reduce((sum, part) => sum.add(part), first), ...sums];
  };
  return { ...operation, gradient };
}

const operations = {
  batchNormalization: define<Epsilon>({
    name: "batchNormalization",
    arity: 5,
    attributes: epsilonSchema,
    check: (inputs) => checkChannels("batchNormalization", inputs, [...scaleAndBias, "mean", "variance"]),
    build: (inputs, attributes) => {
      const x = operand(inputs, 0);
      const channel = (index: number): Tensor => operand(inputs, index);
      const factor = channel(1).div(channel(4).add(attributes.epsilon).sqrt());
      return x
        .sub(perChannel(channel(3), x))
        .mul(perChannel(factor, x))
        .add(perChannel(channel(2), x));
    },
  }),
  batchNormalizationTraining: trainingOperation(),
  layerNormalization: define<AxisEpsilon>({
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
  }),
  groupNormalization: define<Groups>({
    name: "groupNormalization",
    arity: 3,
    attributes: z.strictObject({ groups: z.int().min(1), epsilon }),
    check: (inputs) => checkChannels("groupNormalization", inputs, scaleAndBias),
    build: (inputs, { groups, epsilon: value }) =>
      scaledByChannel(inputs, standardizeGroups("groupNormalization", operand(inputs, 0), groups, value)),
  }),
  instanceNormalization: define<Epsilon>({
    name: "instanceNormalization",
    arity: 3,
    attributes: epsilonSchema,
    check: (inputs) => checkChannels("instanceNormalization", inputs, scaleAndBias),
    build: (inputs, attributes) => {
      const x = operand(inputs, 0);
      return scaledByChannel(inputs, standardize(x, { axes: from(2, x), epsilon: attributes.epsilon }));
    },
  }),
  rmsNormalization: define<AxisEpsilon>({
    name: "rmsNormalization",
    arity: 2,
    attributes: axisEpsilonSchema,
    check: (inputs, { axis }) => checkTrailing("rmsNormalization", inputs, axis),
    build: (inputs, attributes) => {
      const x = operand(inputs, 0);
      const square = x.mul(x).reduceMean({ axes: from(attributes.axis, x), keepDims: true });
      return x.mul(div(1, square.add(attributes.epsilon).sqrt())).mul(operand(inputs, 1));
    },
  }),
};

const scaledByChannel = (inputs: readonly Tensor[], standard: Tensor): Tensor =>
  standard.mul(perChannel(operand(inputs, 1), standard)).add(perChannel(operand(inputs, 2), standard));

/** Normalizations by mean and variance, and by the root mean square. */
export const normalizationComposites: readonly Composite[] = Object.values(operations);

/** Options of a normalization. */
export interface EpsilonOptions {
  /** Added to the variance. */
  readonly epsilon?: number;
}

/** Options of a normalization over trailing axes. */
export interface AxisEpsilonOptions extends EpsilonOptions {
  /** The first of the normalized axes; the last axis by default. */
  readonly axis?: number;
}

/**
 * (x − mean)/√(variance + epsilon)·scale + bias per channel (axis 1), with statistics that are given: how batch
 * normalization predicts. Source: Ioffe, Szegedy (2015), arXiv:1502.03167.
 * @param x [N, C, …]; all others are [C].
 */
export const batchNormalization = (
  x: Tensor,
  scale: Tensor,
  bias: Tensor,
  mean: Tensor,
  varianceOf: Tensor,
  options: EpsilonOptions = {},
): Tensor =>
  one(operations.batchNormalization, [x, scale, bias, mean, varianceOf], {
    epsilon: options.epsilon ?? 1e-5,
  });

/** What `batchNormalizationTraining` gives. */
export interface BatchNormalized {
  readonly y: Tensor;
  /** [C]. */
  readonly mean: Tensor;
  /** [C], divided by the count, not one less. */
  readonly variance: Tensor;
}

/** As `batchNormalization`, with the batch's own mean and variance per channel, which it gives too. */
export function batchNormalizationTraining(
  x: Tensor,
  scale: Tensor,
  bias: Tensor,
  options: EpsilonOptions = {},
): BatchNormalized {
  const outputs = all(operations.batchNormalizationTraining, [x, scale, bias], {
    epsilon: options.epsilon ?? 1e-5,
  });
  return { y: operand(outputs, 0), mean: operand(outputs, 1), variance: operand(outputs, 2) };
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
  one(operations.layerNormalization, bias === undefined ? [x, scale] : [x, scale, bias], {
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
): Tensor => one(operations.groupNormalization, [x, scale, bias], { groups, epsilon: value });

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
): Tensor => one(operations.instanceNormalization, [x, scale, bias], { epsilon: options.epsilon ?? 1e-5 });

/**
 * x/√(mean(x²) + epsilon)·scale over the axes from `axis` on, whose shape the scale has.
 * Source: Zhang, Sennrich (2019), arXiv:1910.07467.
 */
export const rmsNormalization = (
  x: Tensor,
  scale: Tensor,
  { axis = -1, epsilon: value = 1e-5 }: AxisEpsilonOptions = {},
): Tensor =>
  one(operations.rmsNormalization, [x, scale], {
    axis: normalizeAxis("rmsNormalization", axis, x.rank),
    epsilon: value,
  });
