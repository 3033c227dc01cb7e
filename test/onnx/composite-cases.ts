import * as ir from "@adjoint/ir";
import { type DType, type State, type Tensor, type TensorValue, valueOf } from "@adjoint/ir";

/** A composite over inputs that are fed. */
export interface CompositeCase {
  readonly feeds: State;
  readonly build: (...inputs: readonly Tensor[]) => Tensor | readonly Tensor[];
}

/** Smooth numbers of both signs. */
export const sample = (shape: readonly number[], scale = 2, offset = 0): TensorValue => {
  const count = shape.reduce((product, size) => product * size, 1);
  return valueOf(
    "f32",
    shape,
    Array.from({ length: count }, (_, index) => offset + scale * Math.sin(index * 1.7 + 0.3 * offset + 0.5)),
  );
};
const whole = (dtype: DType, list: readonly number[]): TensorValue => valueOf(dtype, [list.length], list);
const positive = (shape: readonly number[]): TensorValue => sample(shape, 0.8, 1.2);

const on = (feeds: State, build: CompositeCase["build"]): CompositeCase => ({ feeds, build });
const unary = (build: (x: Tensor) => Tensor, shape: readonly number[] = [3, 5]): CompositeCase =>
  on({ x: sample(shape) }, (x) => build(given(x)));

function given(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new Error("an input is missing");
  return tensor;
}

const key = whole("u32", [7, 3]);
const image = [2, 3, 6, 6];
const channels = { scale: positive([3]), bias: sample([3]) };
const pool = { kernel: [3, 2], strides: [2, 2], padLow: [1, 0], padHigh: [1, 1] };
const logits = { logits: sample([4, 6], 3), labels: whole("i32", [5, 0, 2, 3]) };
const pair = { x: sample([3, 4]), t: sample([3, 4], 1, 0.4) };
const two = (build: (a: Tensor, b: Tensor) => Tensor, feeds: State = pair): CompositeCase =>
  on(feeds, (a, b) => build(given(a), given(b)));

/** Each composite at least once; a test compares the names with all there are. */
export const compositeCases: { readonly [composite: string]: readonly CompositeCase[] } = {
  sigmoid: [unary(ir.sigmoid)],
  softplus: [unary(ir.softplus)],
  softsign: [unary(ir.softsign)],
  silu: [unary(ir.silu)],
  mish: [unary(ir.mish)],
  gelu: [unary(ir.gelu), unary((x) => ir.gelu(x, { approximate: "tanh" }))],
  elu: [unary((x) => ir.elu(x, { alpha: 0.7 }))],
  selu: [unary(ir.selu)],
  celu: [unary((x) => ir.celu(x, { alpha: 0.7 }))],
  relu: [unary(ir.relu)],
  leakyRelu: [unary((x) => ir.leakyRelu(x, { alpha: 0.2 }))],
  prelu: [two(ir.prelu, { x: sample(image), slope: sample([3, 1, 1], 0.3) })],
  rrelu: [unary((x) => ir.rrelu(x)), on({ x: sample([8]), key }, (x, k) => ir.rrelu(given(x), k))],
  thresholdedRelu: [unary((x) => ir.thresholdedRelu(x, { alpha: 0.5 }))],
  shrink: [unary((x) => ir.shrink(x, { bias: 0.2, lambd: 0.6 }))],
  hardSigmoid: [unary((x) => ir.hardSigmoid(x, { alpha: 0.3, beta: 0.4 }))],
  hardSwish: [unary(ir.hardSwish)],
  binaryStep: [unary(ir.binaryStep)],
  clip: [unary((x) => ir.clip(x, { min: -0.5, max: 1 })), unary((x) => ir.clip(x, { max: 1 }))],
  maxout: [unary((x) => ir.maxout(x, { axis: 1, pieces: 2 }), [3, 6])],
  hardmax: [unary((x) => ir.hardmax(x, { axis: 0 }))],
  softmax: [unary((x) => ir.softmax(x)), unary((x) => ir.softmax(x, { axis: 1 }), image)],
  logSoftmax: [unary((x) => ir.logSoftmax(x, { axis: 0 }))],
  reduceLogSumExp: [unary((x) => ir.logSumExp(x, { axes: [1] }), image)],
  reduceL1: [unary((x) => ir.reduceL1(x, { axes: [1] }))],
  reduceL2: [unary((x) => ir.reduceL2(x, { axes: [0], keepDims: true }))],
  reduceSumSquare: [unary((x) => ir.reduceSumSquare(x))],
  reduceLogSum: [on({ x: positive([3, 5]) }, (x) => ir.reduceLogSum(given(x), { axes: [1] }))],
  variance: [unary((x) => ir.variance(x, { axes: [1] }))],
  standardize: [unary((x) => ir.standardize(x, { axes: [0] }))],
  meanVarianceNormalization: [unary((x) => ir.meanVarianceNormalization(x), image)],
  lpNormalization: [
    unary((x) => ir.lpNormalization(x, { axis: 1, p: 2 })),
    unary((x) => ir.lpNormalization(x, { axis: 0, p: 3 })),
  ],
  batchNormalization: [
    on({ x: sample(image), ...channels, mean: sample([3], 0.5), variance: positive([3]) }, (x, s, b, m, v) =>
      ir.batchNormalization(given(x), given(s), given(b), given(m), given(v), { epsilon: 1e-3 }),
    ),
  ],
  batchNormalizationTraining: [
    on({ x: sample(image), ...channels }, (x, s, b) => {
      const { y, mean, variance } = ir.batchNormalizationTraining(given(x), given(s), given(b));
      return [y, mean, variance];
    }),
  ],
  layerNormalization: [
    on({ x: sample([2, 3, 4]), scale: positive([3, 4]), bias: sample([3, 4]) }, (x, s, b) =>
      ir.layerNormalization(given(x), given(s), b, { axis: 1 }),
    ),
    two((x, s) => ir.layerNormalization(x, s), { x: sample([3, 4]), scale: positive([4]) }),
  ],
  groupNormalization: [
    on({ x: sample([2, 4, 5]), scale: positive([4]), bias: sample([4]) }, (x, s, b) =>
      ir.groupNormalization(given(x), given(s), given(b), { groups: 2 }),
    ),
  ],
  instanceNormalization: [
    on({ x: sample(image), ...channels }, (x, s, b) =>
      ir.instanceNormalization(given(x), given(s), given(b)),
    ),
  ],
  rmsNormalization: [two((x, s) => ir.rmsNormalization(x, s), { x: sample([3, 4]), scale: positive([4]) })],
  lrn: [
    unary((x) => ir.lrn(x, { size: 3, alpha: 0.1 }), image),
    unary((x) => ir.lrn(x, { size: 2, alpha: 0.1 }), image),
  ],
  softmaxCrossEntropy: [two(ir.softmaxCrossEntropy, logits)],
  softmaxCrossEntropyOneHot: [two(ir.softmaxCrossEntropyOneHot, { x: sample([3, 4]), t: positive([3, 4]) })],
  negativeLogLikelihood: [two(ir.negativeLogLikelihood, logits)],
  binaryCrossEntropyWithLogits: [two(ir.binaryCrossEntropyWithLogits)],
  squaredError: [two(ir.squaredError)],
  absoluteError: [two(ir.absoluteError)],
  huber: [two((x, t) => ir.huber(x, t, { delta: 0.8 }))],
  hinge: [two(ir.hinge)],
  klDivergence: [two(ir.klDivergence, { x: sample([3, 4]), t: positive([3, 4]) })],
  maxPool: [
    unary((x) => ir.maxPool(x, pool), image),
    unary((x) => ir.maxPool(x, { ...pool, ceilMode: true, dilations: [2, 1] }), image),
  ],
  averagePool: [
    unary((x) => ir.averagePool(x, pool), image),
    unary((x) => ir.averagePool(x, { ...pool, countIncludePad: true }), image),
    unary((x) => ir.averagePool(x, { ...pool, ceilMode: true }), image),
  ],
  lpPool: [unary((x) => ir.lpPool(x, { ...pool, p: 3 }), image)],
  globalMaxPool: [unary(ir.globalMaxPool, image)],
  globalAveragePool: [unary(ir.globalAveragePool, image)],
  globalLpPool: [unary((x) => ir.globalLpPool(x, { p: 2 }), image)],
  einsum: [
    two((a, b) => ir.einsum("bij,bjk->bik", a, b), { a: sample([2, 3, 4]), b: sample([2, 4, 2]) }),
    unary((x) => ir.einsum("ij->ji", x)),
  ],
  attention: [
    on({ q: sample([2, 2, 3, 4]), k: sample([2, 2, 5, 4]), v: sample([2, 2, 5, 4], 1) }, (q, k, v) =>
      ir.attention(given(q), given(k), given(v), { causal: true }),
    ),
  ],
  fromEnd: [
    on({ x: whole("i64", [2, -1, 0, -3]), sizes: whole("i64", [3]) }, (x, sizes) =>
      ir.fromEnd(given(x), given(sizes)),
    ),
    on({ x: sample([4, 2]), at: whole("i32", [1, -1, 0, -4]) }, (x, at) =>
      ir.gather(given(x), ir.fromEnd(given(at).unsqueeze(1), ir.constant(4, "i32"))),
    ),
  ],
  oneHot: [on({ x: whole("i32", [2, -1, 0]) }, (x) => ir.oneHot(given(x), 4, { axis: 0 }))],
  trilu: [unary((x) => ir.triu(x, 1)), unary((x) => ir.tril(x, 1))],
  depthToSpace: [unary((x) => ir.depthToSpace(x, { blocksize: 2, mode: "CRD" }), [1, 8, 2, 3])],
  spaceToDepth: [unary((x) => ir.spaceToDepth(x, { blocksize: 2 }), [1, 2, 4, 6])],
  randomUniform: [on({ key }, (k) => ir.randomUniform(given(k), [3, 7], { low: -1, high: 2 }))],
  randomNormal: [on({ key }, (k) => ir.randomNormal(given(k), [50], { mean: 1, standardDeviation: 2 }))],
  bernoulli: [on({ key }, (k) => ir.bernoulli(given(k), [40], 0.3))],
  dropout: [on({ x: sample([6, 8]), key }, (x, k) => ir.dropout(given(x), given(k), { rate: 0.4 }))],
};
