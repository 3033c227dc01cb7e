import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import { type DType, elementCount, isFloat } from "@adjoint/ir/values";
import { type Draw, shapeOf } from "../draw.ts";
import { type Maker, numeric, operandOf } from "./maps.ts";

const float = (draw: Draw, rank = 1): Tensor => operandOf(draw, isFloat, rank);
const like = (draw: Draw, x: Tensor, shape: readonly number[] = shapeOf(x)): Tensor =>
  draw.of(x.dtype, shape);
const axisOf = (draw: Draw, x: Tensor): number => x.rank - 1 - draw.int(x.rank);
const axesOf = (draw: Draw, x: Tensor): { readonly axes: readonly number[]; readonly keepDims: boolean } => ({
  axes: [...x.shape.keys()].filter((axis) => axis === x.rank - 1 || draw.int(2) === 1),
  keepDims: draw.chance(2),
});
const floatType = (draw: Draw): DType => draw.dtype(isFloat);
const key = (draw: Draw): Tensor => draw.of("u32", [2], "wide");
const positive = (draw: Draw, dtype: DType, shape: readonly number[]): Tensor =>
  draw.of(dtype, shape).abs().add(0.125);

const unary =
  (build: (x: Tensor, draw: Draw) => Tensor | readonly Tensor[], rank = 1): Maker =>
  (draw) =>
    build(float(draw, rank), draw);

/** [N, C, …spatial] of floats. */
function picture(draw: Draw, channels = draw.pick([4, 3, 1, 8, 17]), spatial = draw.pick([2, 1, 3])): Tensor {
  const extents = Array.from({ length: spatial }, () => draw.pick([5, 4, 7, 8, 9, 3, 16]));
  return draw.of(floatType(draw), [draw.sized([2, 1, 3]), channels, ...extents.slice(0, spatial)]);
}

const pool = (draw: Draw, x: Tensor): ir.PoolOptions => {
  const spatial = shapeOf(x).slice(2);
  const kernel = spatial.map((size) => Math.min(size, draw.pick([2, 3, 1])));
  return {
    kernel,
    strides: spatial.map(() => draw.pick([1, 2, 3])),
    padLow: kernel.map((size) => draw.int(size)),
    padHigh: kernel.map((size) => draw.int(size)),
    ceilMode: draw.chance(2),
  };
};

/** [rows…, classes] and what goes with it. */
const scores = (draw: Draw): Tensor => {
  const classes = draw.pick([10, 5, 3, 2, 17, 100, 129]);
  return draw.of(floatType(draw), [
    ...draw.shape(1 + draw.int(2), 64).map((size) => Math.max(1, size)),
    classes,
  ]);
};
const labelsOf = (draw: Draw, x: Tensor): Tensor =>
  draw.indices(shapeOf(x).slice(0, -1), shapeOf(x).at(-1) ?? 1);

const equations: readonly (readonly [string, readonly (readonly number[])[]])[] = [
  [
    "ncl,co->nlo",
    [
      [3, 8, 7],
      [8, 48],
    ],
  ],
  [
    "ncl,co->nlo",
    [
      [2, 16, 6],
      [16, 64],
    ],
  ],
  [
    "bij,bjk->bik",
    [
      [2, 17, 5],
      [2, 5, 33],
    ],
  ],
  [
    "ij,kj->ik",
    [
      [33, 9],
      [17, 9],
    ],
  ],
  ["i,j->ij", [[31], [17]]],
  [
    "bhid,bhjd->bhij",
    [
      [2, 2, 5, 8],
      [2, 2, 7, 8],
    ],
  ],
  [
    "...i,ij->...j",
    [
      [2, 3, 9],
      [9, 48],
    ],
  ],
  ["ii->i", [[9, 9]]],
  ["ij->", [[7, 9]]],
  ["ij,j,jk->ik", [[8, 5], [5], [5, 16]]],
];

/** x and one number of its type for each channel, `count` times. */
const channelwise = (draw: Draw, count: number, channels?: number): readonly [Tensor, ...Tensor[]] => {
  const x = picture(draw, channels);
  return [x, ...Array.from({ length: count }, () => like(draw, x, [Number(x.shape[1])]))];
};
const part = (list: readonly Tensor[], index: number): Tensor => list[index] ?? list[0] ?? ir.constant(0);

/** One maker for each composite of `@adjoint/ir`, by its name; a test holds that none is missing. */
export const compositeMakers: { readonly [name: string]: Maker } = {
  sigmoid: unary(ir.sigmoid),
  softplus: unary(ir.softplus),
  softsign: unary(ir.softsign),
  silu: unary(ir.silu),
  mish: unary(ir.mish),
  gelu: unary((x, draw) => ir.gelu(x, { approximate: draw.pick(["none", "tanh"]) })),
  elu: unary((x) => ir.elu(x, { alpha: 0.5 })),
  selu: unary((x) => ir.selu(x)),
  celu: unary((x) => ir.celu(x, { alpha: 2 })),
  relu: unary(ir.relu),
  leakyRelu: unary((x) => ir.leakyRelu(x, { alpha: 0.125 })),
  prelu: unary((x, draw) => ir.prelu(x, like(draw, x, draw.chance(2) ? [] : shapeOf(x).slice(-1)))),
  rrelu: unary((x, draw) => (draw.chance(2) ? ir.rrelu(x, key(draw)) : ir.rrelu(x))),
  thresholdedRelu: unary((x) => ir.thresholdedRelu(x, { alpha: 0.5 })),
  shrink: unary((x) => ir.shrink(x, { bias: 0.25, lambd: 0.5 })),
  hardSigmoid: unary((x) => ir.hardSigmoid(x)),
  hardSwish: unary(ir.hardSwish),
  binaryStep: unary(ir.binaryStep),
  clip: (draw) =>
    ir.clip(
      operandOf(draw, (dtype) => numeric(dtype) && !dtype.startsWith("u")),
      { min: -1, max: 2 },
    ),
  maxout: (draw) => {
    const pieces = draw.pick([2, 3]);
    return ir.maxout(draw.of(floatType(draw), [draw.pick([3, 8, 17]), pieces * draw.pick([4, 5, 16])]), {
      pieces,
    });
  },
  hardmax: unary((x, draw) => (shapeOf(x).includes(0) ? x : ir.hardmax(x, { axis: axisOf(draw, x) }))),
  softmax: unary((x, draw) => ir.softmax(x, { axis: axisOf(draw, x) })),
  logSoftmax: unary((x, draw) => ir.logSoftmax(x, { axis: axisOf(draw, x) })),
  reduceLogSumExp: unary((x, draw) => ir.logSumExp(x, axesOf(draw, x))),
  reduceL1: unary((x, draw) => ir.reduceL1(x, axesOf(draw, x))),
  reduceL2: unary((x, draw) => ir.reduceL2(x, axesOf(draw, x))),
  reduceSumSquare: unary((x, draw) => ir.reduceSumSquare(x, axesOf(draw, x))),
  reduceLogSum: unary((x, draw) => ir.reduceLogSum(x.abs(), axesOf(draw, x))),
  variance: unary((x, draw) => ir.variance(x, axesOf(draw, x))),
  standardize: unary((x, draw) => ir.standardize(x, { axes: axesOf(draw, x).axes })),
  meanVarianceNormalization: (draw) => ir.meanVarianceNormalization(picture(draw, undefined, 2)),
  lpNormalization: unary((x, draw) => ir.lpNormalization(x, { axis: axisOf(draw, x), p: draw.pick([2, 1]) })),
  batchNormalization: (draw) => {
    const [x, scale, bias, mean] = channelwise(draw, 3);
    return ir.batchNormalization(
      x,
      part([scale ?? x], 0),
      bias ?? x,
      mean ?? x,
      positive(draw, x.dtype, [Number(x.shape[1])]),
    );
  },
  batchNormalizationTraining: (draw) => {
    const [x, scale, bias] = channelwise(draw, 2);
    return Object.values(ir.batchNormalizationTraining(x, scale ?? x, bias ?? x));
  },
  layerNormalization: unary((x, draw) => {
    const last = shapeOf(x).slice(-1);
    return ir.layerNormalization(x, like(draw, x, last), draw.chance(2) ? like(draw, x, last) : undefined);
  }),
  groupNormalization: (draw) => {
    const [x, scale, bias] = channelwise(draw, 2, draw.pick([4, 6, 8]));
    return ir.groupNormalization(x, scale ?? x, bias ?? x, { groups: 2 });
  },
  instanceNormalization: (draw) => {
    const [x, scale, bias] = channelwise(draw, 2);
    return ir.instanceNormalization(x, scale ?? x, bias ?? x);
  },
  rmsNormalization: unary((x, draw) => ir.rmsNormalization(x, like(draw, x, shapeOf(x).slice(-1)))),
  lrn: (draw) => ir.lrn(picture(draw), { size: draw.pick([3, 5, 2]), alpha: 0.5 }),
  softmaxCrossEntropy: (draw) => {
    const x = scores(draw);
    return ir.softmaxCrossEntropy(x, labelsOf(draw, x));
  },
  softmaxCrossEntropyOneHot: (draw) => {
    const x = scores(draw);
    return ir.softmaxCrossEntropyOneHot(x, like(draw, x));
  },
  negativeLogLikelihood: (draw) => {
    const x = scores(draw);
    return ir.negativeLogLikelihood(x, labelsOf(draw, x));
  },
  binaryCrossEntropyWithLogits: unary((x, draw) => ir.binaryCrossEntropyWithLogits(x, like(draw, x))),
  squaredError: unary((x, draw) => ir.squaredError(x, like(draw, x))),
  absoluteError: unary((x, draw) => ir.absoluteError(x, like(draw, x))),
  huber: unary((x, draw) => ir.huber(x, like(draw, x), { delta: 0.5 })),
  hinge: unary((x, draw) => ir.hinge(x, like(draw, x))),
  klDivergence: unary((x, draw) => ir.klDivergence(x, like(draw, x))),
  maxPool: (draw) => {
    const x = picture(draw);
    return ir.maxPool(x, pool(draw, x));
  },
  averagePool: (draw) => {
    const x = picture(draw);
    return ir.averagePool(x, { ...pool(draw, x), countIncludePad: draw.chance(2) });
  },
  lpPool: (draw) => {
    const x = picture(draw);
    return ir.lpPool(x, { ...pool(draw, x), p: draw.pick([2, 1, 3]) });
  },
  globalMaxPool: (draw) => ir.globalMaxPool(picture(draw)),
  globalAveragePool: (draw) => ir.globalAveragePool(picture(draw)),
  globalLpPool: (draw) => ir.globalLpPool(picture(draw)),
  einsum: (draw) => {
    const [equation, shapes] = draw.pick(equations) ?? ["ij->", [[3, 3]]];
    const dtype = draw.dtype(numeric);
    if (!draw.spend(shapes.reduce((product, shape) => product * elementCount(shape), 1) / 4))
      return undefined;
    return ir.einsum(equation, ...shapes.map((shape) => draw.of(dtype, shape)));
  },
  attention: (draw) => {
    const dtype = floatType(draw);
    const [heads, queries, keys, size, values] = [
      draw.pick([1, 2]),
      draw.size(33),
      draw.size(33),
      draw.pick([4, 8, 16]),
      draw.pick([4, 16, 48]),
    ];
    if (keys === 0 || !draw.spend(2 * heads * queries * keys * (size + values))) return undefined;
    const causal = draw.chance(2);
    return ir.attention(
      draw.of(dtype, [2, heads, queries, size]),
      draw.of(dtype, [2, heads, keys, size]),
      draw.of(dtype, [2, heads, keys, values]),
      {
        causal,
        ...(draw.chance(3) && { mask: draw.of(dtype, [queries, keys]) }),
      },
    );
  },
  fromEnd: (draw) => ir.fromEnd(draw.of("i32", [draw.size(33)]), ir.constant(9, "i32")),
  oneHot: (draw) =>
    ir.oneHot(draw.of("i32", draw.shape(1, 65)), draw.pick([5, 10, 33]), { dtype: draw.dtype(numeric) }),
  trilu: (draw) => ir.trilu(operandOf(draw, numeric, 2), { upper: draw.chance(2), k: draw.int(5) - 2 }),
  depthToSpace: (draw) =>
    ir.depthToSpace(draw.of(draw.dtype(), [2, 8, 3, 5]), { blocksize: 2, mode: draw.pick(["DCR", "CRD"]) }),
  spaceToDepth: (draw) => ir.spaceToDepth(draw.of(draw.dtype(), [2, 3, 6, 4]), { blocksize: 2 }),
  randomUniform: (draw) =>
    ir.randomUniform(key(draw), draw.shape(), { low: -1, high: 2, dtype: floatType(draw) }),
  randomNormal: (draw) => ir.randomNormal(key(draw), draw.shape(), { dtype: floatType(draw) }),
  bernoulli: (draw) => ir.bernoulli(key(draw), draw.shape(), 0.375),
  dropout: unary((x, draw) => ir.dropout(x, key(draw), { rate: 0.5 })),
};

/** A maker of any composite. */
export const anyComposite: Maker = (draw) => {
  const made = draw.pick(Object.values(compositeMakers));
  return made?.(draw);
};
