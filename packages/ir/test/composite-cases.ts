import {
  type Dim,
  type Graph,
  type Tensor,
  type TensorValue,
  absoluteError,
  attention,
  averagePool,
  batchNormalization,
  batchNormalizationTraining,
  bernoulli,
  binaryCrossEntropyWithLogits,
  binaryStep,
  celu,
  clip,
  depthToSpace,
  dropout,
  einsum,
  elu,
  evaluate,
  gelu,
  globalAveragePool,
  globalLpPool,
  globalMaxPool,
  groupNormalization,
  hardmax,
  hardSigmoid,
  hardSwish,
  hinge,
  huber,
  input,
  instanceNormalization,
  klDivergence,
  layerNormalization,
  leakyRelu,
  logSoftmax,
  logSumExp,
  lpNormalization,
  lpPool,
  lrn,
  maxout,
  maxPool,
  meanVarianceNormalization,
  mish,
  negativeLogLikelihood,
  norm,
  fromEnd,
  oneHot,
  prelu,
  randomNormal,
  randomUniform,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceSumSquare,
  relu,
  rmsNormalization,
  rrelu,
  selu,
  shrink,
  sigmoid,
  silu,
  softmax,
  softmaxCrossEntropy,
  softmaxCrossEntropyOneHot,
  softplus,
  softsign,
  spaceToDepth,
  squaredError,
  standardize,
  thresholdedRelu,
  tril,
  trilu,
  triu,
  valueOf,
  variance,
} from "@adjoint/ir";
import { numbers } from "./finite-differences.ts";

type Sizes = readonly (number | "batch")[];

/** One operand of a case: its shape, and how its elements are drawn. */
interface Operand {
  readonly shape: Sizes;
  readonly dtype: "f64" | "i32" | "u32";
  elements(count: number, seed: number): number[];
}

/** One way to build with an exported builder, on operands that are fit for differences. */
export interface Case {
  /** The exported function. */
  readonly name: string;
  /** Which form of it. */
  readonly form: string;
  /** The row of the mission that it proves a part of. */
  readonly row: "S4" | "S5" | "S8" | "S9" | "";
  readonly operands: readonly Operand[];
  /** Takes integers too, or integers alone. */
  readonly integers: boolean;
  build(inputs: readonly Tensor[], batch: Dim): Tensor | readonly Tensor[];
}

/** Reals in (low, high), none nearer than 0.01 to a kink. */
const real = (shape: Sizes, low = -4, high = 4, kinks: readonly number[] = []): Operand => ({
  shape,
  dtype: "f64",
  elements: (count, seed) =>
    numbers(count, seed, low, high).map((x) => {
      const near = kinks.find((kink) => Math.abs(x - kink) < 0.01);
      return near === undefined ? x : near + (x < near ? -0.02 : 0.02);
    }),
});

/** Odd multiples of 0.05, all different and none 0 (or, with an offset of 0.05, multiples of 0.1), in random order. */
const distinct = (shape: Sizes, offset = 0): Operand => ({
  shape,
  dtype: "f64",
  elements: (count, seed) => {
    const weights = numbers(count, seed);
    const order = weights.map((_, index) => index).toSorted((a, b) => (weights[a] ?? 0) - (weights[b] ?? 0));
    return order.map((place) => (place - Math.floor(count / 2) + 0.5) * 0.1 + offset);
  },
});

const labels = (shape: Sizes, classes: number): Operand => ({
  shape,
  dtype: "i32",
  elements: (count, seed) => numbers(count, seed, 0, classes).map(Math.floor),
});

const randomKeyOperand: Operand = { shape: [2], dtype: "u32", elements: (_, seed) => [seed, 12345] };

type Build = (inputs: readonly Tensor[], batch: Dim) => Tensor | readonly Tensor[];
interface Extra {
  readonly form?: string;
  readonly integers?: boolean;
}

/** Cases of one row, built by functions of fixed arity. */
const rowOf =
  (row: Case["row"]) =>
  (
    name: string,
    build: Build,
    operands: readonly Operand[],
    { form = "", integers = false }: Extra = {},
  ): Case => ({
    name,
    form,
    row,
    operands,
    integers,
    build,
  });

const [s4, s5, s8, s9, other] = [rowOf("S4"), rowOf("S5"), rowOf("S8"), rowOf("S9"), rowOf("")];

/** A build of one, two… operands as a build of a list. */
const over =
  (build: (...inputs: never[]) => Tensor | readonly Tensor[]): Build =>
  (inputs) =>
    // Each case declares as many operands as its function takes.
    (build as (...inputs: readonly Tensor[]) => Tensor | readonly Tensor[])(...inputs);

const vector = (kinks: readonly number[] = []): readonly Operand[] => [real(["batch", 5], -4, 4, kinks)];
const image: Sizes = ["batch", 2, 5, 4];
const channels = (count: number, low = -2, high = 2): Operand => real([count], low, high);

export const cases: readonly Case[] = [
  s4("sigmoid", over(sigmoid), vector()),
  s4("softplus", over(softplus), vector()),
  s4("softsign", over(softsign), vector([0])),
  s4("silu", over(silu), vector()),
  s4("mish", over(mish), vector()),
  s4(
    "gelu",
    over((x: Tensor) => gelu(x)),
    vector(),
  ),
  s4(
    "gelu",
    over((x: Tensor) => gelu(x, { approximate: "tanh" })),
    vector(),
    { form: "tanh" },
  ),
  s4(
    "elu",
    over((x: Tensor) => elu(x, { alpha: 0.7 })),
    vector([0]),
  ),
  s4(
    "selu",
    over((x: Tensor) => selu(x)),
    vector([0]),
  ),
  s4(
    "celu",
    over((x: Tensor) => celu(x, { alpha: 0.7 })),
    vector([0]),
  ),
  s4("relu", over(relu), vector([0])),
  s4(
    "leakyRelu",
    over((x: Tensor) => leakyRelu(x, { alpha: 0.1 })),
    vector([0]),
  ),
  s4(
    "leakyRelu",
    over((x: Tensor) => leakyRelu(x, { alpha: -0.5 })),
    vector([0]),
    { form: "alpha < 0" },
  ),
  s4("prelu", over(prelu), [real(["batch", 3, 2], -4, 4, [0]), real([3, 1], 0.1, 0.4)]),
  s4(
    "rrelu",
    over((x: Tensor) => rrelu(x)),
    vector([0]),
    { form: "inference" },
  ),
  s4(
    "rrelu",
    over((x: Tensor, key: Tensor) => rrelu(x, key)),
    [...vector([0]), randomKeyOperand],
    {
      form: "training",
    },
  ),
  s4(
    "thresholdedRelu",
    over((x: Tensor) => thresholdedRelu(x)),
    vector([1]),
  ),
  s4(
    "shrink",
    over((x: Tensor) => shrink(x, { bias: 0.3, lambd: 0.6 })),
    vector([-0.6, 0.6]),
  ),
  s4(
    "hardSigmoid",
    over((x: Tensor) => hardSigmoid(x)),
    vector([-2.5, 2.5]),
  ),
  s4("hardSwish", over(hardSwish), vector([-3, 3])),
  s4("binaryStep", over(binaryStep), vector([0])),
  s4(
    "clip",
    over((x: Tensor) => clip(x, { min: -1, max: 2 })),
    vector([-1, 2]),
    { integers: true },
  ),
  s4(
    "clip",
    over((x: Tensor) => clip(x, { max: 2 })),
    vector([2]),
    { form: "max alone", integers: true },
  ),
  s4(
    "maxout",
    over((x: Tensor) => maxout(x, { pieces: 3 })),
    [distinct(["batch", 6])],
  ),
  s4(
    "hardmax",
    over((x: Tensor) => hardmax(x)),
    [distinct(["batch", 4])],
  ),
  s4(
    "softmax",
    over((x: Tensor) => softmax(x)),
    [real(["batch", 4])],
  ),
  s4(
    "softmax",
    over((x: Tensor) => softmax(x, { axis: 1 })),
    [real(["batch", 3, 2])],
    { form: "axis 1" },
  ),
  s4(
    "logSoftmax",
    over((x: Tensor) => logSoftmax(x)),
    [real(["batch", 4])],
  ),
  s4(
    "logSoftmax",
    over((x: Tensor) => logSoftmax(x, { axis: 0 })),
    [real(["batch", 3])],
    { form: "axis 0" },
  ),

  s5("softmaxCrossEntropy", over(softmaxCrossEntropy), [real(["batch", 4]), labels(["batch"], 4)]),
  s5("softmaxCrossEntropy", over(softmaxCrossEntropy), [real(["batch", 2, 3]), labels(["batch", 2], 3)], {
    form: "rank 3",
  }),
  s5("softmaxCrossEntropyOneHot", over(softmaxCrossEntropyOneHot), [
    real(["batch", 4]),
    real(["batch", 4], 0.1, 1),
  ]),
  s5("negativeLogLikelihood", over(negativeLogLikelihood), [real(["batch", 4], -3, 0), labels(["batch"], 4)]),
  s5("binaryCrossEntropyWithLogits", over(binaryCrossEntropyWithLogits), [
    real(["batch", 3], -4, 4, [0]),
    real(["batch", 3], 0, 1),
  ]),
  s5("squaredError", over(squaredError), [real(["batch", 3]), real(["batch", 3])]),
  s5("absoluteError", over(absoluteError), [distinct(["batch", 3]), distinct(["batch", 3], 0.05)]),
  s5(
    "huber",
    over((a: Tensor, b: Tensor) => huber(a, b, { delta: 0.3 })),
    [distinct(["batch", 6]), distinct(["batch", 6], 0.07)],
  ),
  s5("hinge", over(hinge), [real(["batch", 5], 0.2, 0.9), real(["batch", 5], -1, 1)], {
    form: "within the margin",
  }),
  s5("hinge", over(hinge), [real(["batch", 5], 1.2, 3), real(["batch", 5], 1, 1)], {
    form: "beyond the margin",
  }),
  s5("klDivergence", over(klDivergence), [real(["batch", 4], -3, 0), real(["batch", 4], 0.1, 1)]),

  other(
    "logSumExp",
    over((x: Tensor) => logSumExp(x, { axes: [0, 2] })),
    [real(["batch", 3, 2])],
  ),
  other(
    "reduceLogSumExp",
    over((x: Tensor) => reduceLogSumExp(x, { axes: 1, keepDims: true })),
    [real(["batch", 3])],
  ),
  other(
    "reduceL1",
    over((x: Tensor) => reduceL1(x, { axes: [0] })),
    [distinct(["batch", 4])],
  ),
  other(
    "reduceL2",
    over((x: Tensor) => reduceL2(x, { axes: -1, keepDims: true })),
    [real(["batch", 4])],
  ),
  other(
    "norm",
    over((x: Tensor) => norm(x)),
    [real(["batch", 4])],
  ),
  other(
    "reduceSumSquare",
    over((x: Tensor) => reduceSumSquare(x, { axes: [1] })),
    [real(["batch", 4])],
  ),
  other(
    "reduceLogSum",
    over((x: Tensor) => reduceLogSum(x, { axes: [1] })),
    [real(["batch", 4], 0.5, 2)],
  ),
  other(
    "variance",
    over((x: Tensor) => variance(x, { axes: [0, 2] })),
    [real(["batch", 3, 2])],
  ),
  other(
    "variance",
    over((x: Tensor) => variance(x, { axes: 1, keepDims: true })),
    [real(["batch", 3])],
    {
      form: "keepDims",
    },
  ),
  other(
    "standardize",
    over((x: Tensor) => standardize(x, { axes: [0, 1] })),
    [distinct(["batch", 3])],
  ),
  other(
    "lpNormalization",
    over((x: Tensor) => lpNormalization(x)),
    [distinct(["batch", 4])],
  ),
  other(
    "lpNormalization",
    over((x: Tensor) => lpNormalization(x, { axis: 0, p: 1 })),
    [distinct(["batch", 3])],
    {
      form: "p = 1",
    },
  ),
  other(
    "meanVarianceNormalization",
    over((x: Tensor) => meanVarianceNormalization(x, { axes: [1, 2] })),
    [distinct(["batch", 3, 2])],
  ),
  other(
    "lrn",
    over((x: Tensor) => lrn(x, { size: 3, alpha: 0.5, beta: 0.6, bias: 2 })),
    [real(["batch", 4, 2])],
  ),

  s8("batchNormalization", over(batchNormalization), [
    real(["batch", 2, 3]),
    channels(2),
    channels(2),
    channels(2),
    channels(2, 0.5, 2),
  ]),
  s8(
    "batchNormalizationTraining",
    over((x: Tensor, scale: Tensor, bias: Tensor) =>
      Object.values(batchNormalizationTraining(x, scale, bias, { epsilon: 0.01 })),
    ),
    [distinct(["batch", 2, 3]), channels(2), channels(2)],
  ),
  s8(
    "layerNormalization",
    over((x: Tensor, a: Tensor, b: Tensor) => layerNormalization(x, a, b)),
    [distinct(["batch", 5]), channels(5), channels(5)],
  ),
  s8(
    "layerNormalization",
    over((x: Tensor, a: Tensor) => layerNormalization(x, a, undefined, { axis: 1, epsilon: 0.1 })),
    [distinct(["batch", 3, 2]), real([3, 2])],
    { form: "axis 1, no bias" },
  ),
  s8(
    "groupNormalization",
    over((x: Tensor, a: Tensor, b: Tensor) => groupNormalization(x, a, b, { groups: 2 })),
    [distinct(["batch", 4, 2]), channels(4), channels(4)],
  ),
  s8(
    "instanceNormalization",
    over((x: Tensor, a: Tensor, b: Tensor) => instanceNormalization(x, a, b)),
    [distinct(["batch", 2, 3]), channels(2), channels(2)],
  ),
  s8(
    "rmsNormalization",
    over((x: Tensor, a: Tensor) => rmsNormalization(x, a)),
    [distinct(["batch", 5]), channels(5)],
  ),

  other(
    "maxPool",
    over((x: Tensor) => maxPool(x, { kernel: [2, 2], strides: [2, 1], padLow: [1, 0] })),
    [distinct(image)],
    { integers: true },
  ),
  other(
    "averagePool",
    over((x: Tensor) => averagePool(x, { kernel: [2, 3], padLow: [0, 1], ceilMode: true, strides: [2, 2] })),
    [real(image)],
  ),
  other(
    "averagePool",
    over((x: Tensor) => averagePool(x, { kernel: [2, 2], padHigh: [1, 1], countIncludePad: true })),
    [real(image)],
    { form: "countIncludePad" },
  ),
  other(
    "lpPool",
    over((x: Tensor) => lpPool(x, { kernel: [2, 2], p: 3 })),
    [distinct(image)],
  ),
  other("globalMaxPool", over(globalMaxPool), [distinct(image)]),
  other("globalAveragePool", over(globalAveragePool), [real(image)]),
  other(
    "globalLpPool",
    over((x: Tensor) => globalLpPool(x)),
    [real(image)],
  ),

  other(
    "einsum",
    over((a: Tensor, b: Tensor) => einsum("bij,bjk->bik", a, b)),
    [real(["batch", 2, 3]), real(["batch", 3, 2])],
    { integers: true },
  ),
  other(
    "einsum",
    over((a: Tensor, b: Tensor, c: Tensor) => einsum("...i,ij,j", a, b, c)),
    [real(["batch", 2, 3]), real([3, 2]), real([2])],
    { form: "three operands", integers: true },
  ),
  other(
    "attention",
    over((q: Tensor, k: Tensor, v: Tensor) => attention(q, k, v, { causal: true })),
    [real(["batch", 3, 2]), real(["batch", 3, 2]), real(["batch", 3, 4])],
  ),
  other(
    "attention",
    over((q: Tensor, k: Tensor, v: Tensor, mask: Tensor) => attention(q, k, v, { scale: 0.4, mask })),
    [real(["batch", 2, 3, 2]), real(["batch", 2, 4, 2]), real(["batch", 2, 4, 1]), real([3, 4])],
    { form: "mask" },
  ),

  other(
    "fromEnd",
    over((indices: Tensor, sizes: Tensor) => fromEnd(indices, sizes)),
    [labels(["batch"], 4), labels([], 4)],
    { integers: true },
  ),
  other(
    "oneHot",
    over((indices: Tensor) => oneHot(indices, 4, { dtype: "f64" })),
    [labels(["batch"], 4)],
    {
      integers: true,
    },
  ),
  other(
    "trilu",
    over((x: Tensor) => trilu(x, { upper: false, k: 1 })),
    [real(["batch", 3, 4])],
    {
      integers: true,
    },
  ),
  other(
    "triu",
    over((x: Tensor) => triu(x, -1)),
    [real(["batch", 3, 4])],
    { integers: true },
  ),
  other(
    "tril",
    over((x: Tensor) => tril(x)),
    [real(["batch", 3, 4])],
    { integers: true },
  ),
  other(
    "depthToSpace",
    over((x: Tensor) => depthToSpace(x, { blocksize: 2 })),
    [real(["batch", 4, 2, 1])],
    {
      integers: true,
    },
  ),
  other(
    "spaceToDepth",
    over((x: Tensor) => spaceToDepth(x, { blocksize: 2 })),
    [real(["batch", 1, 2, 4])],
    {
      integers: true,
    },
  ),

  other("randomUniform", ([key], batch) => randomUniform(key!, [batch, 3]), [randomKeyOperand]),
  other("randomNormal", ([key], batch) => randomNormal(key!, [batch, 3]), [randomKeyOperand]),
  other("bernoulli", ([key], batch) => bernoulli(key!, [batch, 3], 0.3), [randomKeyOperand]),
  s9(
    "dropout",
    over((x: Tensor, key: Tensor) => dropout(x, key, { rate: 0.4 })),
    [...vector(), randomKeyOperand],
  ),
];

/** What a case is called in test titles. */
export const titleOf = ({ name, form, row }: Case): string =>
  [row === "" ? "" : `${row}:`, name, form === "" ? "" : `(${form})`].filter((part) => part !== "").join(" ");

/** Operands of a case for a batch size. */
export const valuesOf = ({ operands }: Case, batch: number, seed: number): TensorValue[] =>
  operands.map((operand, index) => {
    const shape = operand.shape.map((size) => (size === "batch" ? batch : size));
    const count = shape.reduce((product, size) => product * size, 1);
    return valueOf(operand.dtype, shape, operand.elements(count, seed * 7 + index));
  });

const listed = (result: Tensor | readonly Tensor[]): readonly Tensor[] =>
  "node" in result ? [result] : result;
const named = (tensors: readonly Tensor[]): { readonly [name: string]: Tensor } =>
  Object.fromEntries(tensors.map((tensor, index) => [`${index}`, tensor]));

/** The values of what is built over inputs of these values. */
export function run(
  build: (...inputs: Tensor[]) => Tensor | readonly Tensor[],
  values: readonly TensorValue[],
): readonly TensorValue[] {
  const inputs = values.map((value, index) => input(`x${index}`, value.dtype, value.shape));
  const graph: Graph = { inputs: named(inputs), outputs: named(listed(build(...inputs))), updates: [] };
  return Object.values(
    evaluate(graph, Object.fromEntries(values.map((value, i) => [`${i}`, value]))).outputs,
  );
}
