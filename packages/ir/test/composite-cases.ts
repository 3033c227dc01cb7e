import {
  type Tensor,
  attention,
  averagePool,
  batchNormalization,
  batchNormalizationTraining,
  bernoulli,
  depthToSpace,
  dropout,
  einsum,
  fromEnd,
  globalAveragePool,
  globalLpPool,
  globalMaxPool,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  logSumExp,
  lpNormalization,
  lpPool,
  lrn,
  maxPool,
  meanVarianceNormalization,
  norm,
  oneHot,
  randomNormal,
  randomUniform,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceSumSquare,
  rmsNormalization,
  spaceToDepth,
  standardize,
  tril,
  trilu,
  triu,
  variance,
} from "@adjoint/ir";
import {
  type Case,
  channels,
  distinct,
  image,
  labels,
  other,
  over,
  randomKeyOperand,
  real,
  s8,
  s9,
  vector,
} from "./composite-case.ts";
import { activationAndLossCases } from "./composite-cases-losses.ts";

export const cases: readonly Case[] = [
  ...activationAndLossCases,
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
