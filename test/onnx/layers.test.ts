import { type State, type Tensor, type Update, input, program } from "@adjoint/ir";
import { registersOf } from "@adjoint/ir/graph";
import { dim, initialValue, toNumbers, valueOf } from "@adjoint/ir/values";
import * as layers from "@adjoint/layers";
import type { Layer } from "@adjoint/layers";
import * as optimizers from "@adjoint/optimizers";
import { describe, expect, test } from "vitest";
import { problemsOf, returns } from "./check.ts";
import { sample } from "./composite-cases.ts";

const BATCH = 3;
const batch = dim("batch");

/** A layer, and the shape of what it takes; i32 for an embedding. */
type Made = readonly [layer: Layer, shape: readonly number[]];
const row = (layer: Layer): Made => [layer, [8]];
const image = (layer: Layer): Made => [layer, [2, 6, 6]];

/** Each kind of layer; a test compares the names with all there are. */
const kinds: { readonly [kind: string]: Made } = {
  sequential: row(layers.sequential([layers.dense({ units: 4 }), layers.relu()])),
  residual: row(layers.residual([layers.dense({ units: 8 })])),
  parallel: row(layers.parallel([layers.dense({ units: 3 }), layers.dense({ units: 2 })])),
  dense: row(layers.dense({ units: 5, activation: "tanh" })),
  conv1d: [layers.conv1d({ filters: 3, kernel: 3 }), [2, 9]],
  conv2d: image(layers.conv2d({ filters: 3, kernel: 3, strides: 2, padding: "same" })),
  maxPool: image(layers.maxPool({ kernel: 2 })),
  averagePool: image(layers.averagePool({ kernel: 3, strides: 2 })),
  globalAveragePool: image(layers.globalAveragePool()),
  globalMaxPool: image(layers.globalMaxPool()),
  flatten: image(layers.flatten()),
  reshape: image(layers.reshape({ shape: [8, 9] })),
  dropout: row(layers.dropout({ rate: 0.4 })),
  gaussianNoise: row(layers.gaussianNoise({ standardDeviation: 0.5 })),
  batchNorm: image(layers.batchNorm()),
  layerNorm: row(layers.layerNorm()),
  embedding: row(layers.embedding({ vocabulary: 10, units: 3 })),
  prelu: row(layers.prelu()),
  rrelu: row(layers.rrelu()),
  identity: row(layers.identity()),
  relu: row(layers.relu()),
  selu: row(layers.selu()),
  sigmoid: row(layers.sigmoid()),
  tanh: row(layers.tanh()),
  softplus: row(layers.softplus()),
  softsign: row(layers.softsign()),
  silu: row(layers.silu()),
  mish: row(layers.mish()),
  hardSwish: row(layers.hardSwish()),
  binaryStep: row(layers.binaryStep()),
  leakyRelu: row(layers.leakyRelu()),
  elu: row(layers.elu()),
  celu: row(layers.celu()),
  thresholdedRelu: row(layers.thresholdedRelu()),
  softmax: row(layers.softmax()),
  logSoftmax: row(layers.logSoftmax()),
  gelu: row(layers.gelu()),
  hardSigmoid: row(layers.hardSigmoid()),
  maxout: row(layers.maxout({ pieces: 2 })),
};

/** Registers as a session would start them. */
const startOf = (graph: Parameters<typeof registersOf>[0]): State =>
  Object.fromEntries([...registersOf(graph)].map(([name, register]) => [name, initialValue(register, 5)]));

/** A step that trains a layer, behind a learned scale so that there is something to learn, on any batch. */
function trainingOf([layer, shape]: Made, isIndexed: boolean) {
  const x = input("x", isIndexed ? "i32" : "f32", [batch, ...shape]);
  const front = isIndexed ? x : layers.dense({ units: shape.at(-1) ?? 1, name: "front" })(x);
  const y = layers.sequential([layer, layers.flatten(), layers.dense({ units: 2, name: "back" })])(front, {
    training: true,
  });
  const loss = y.mul(y).reduceMean();
  return program({
    inputs: { x },
    outputs: { loss, y },
    updates: optimizers.sgd({ learningRate: 0.1 })(loss),
  });
}

describe("layers in ONNX Runtime", () => {
  test("are all here", () => {
    expect(Object.keys(kinds).toSorted()).toEqual([...layers.layerKinds.keys()].toSorted());
  });

  test.for(Object.entries(kinds))(
    "%s trains as ours does, and its file comes back the same but for random bits",
    async ([kind, made]) => {
      const isIndexed = kind === "embedding";
      const graph = trainingOf(made, isIndexed);
      const shape = [BATCH, ...made[1]];
      const x = isIndexed
        ? valueOf(
            "i32",
            shape,
            toNumbers(sample(shape)).map((_, index) => (index * 7) % 10),
          )
        : sample(shape);
      // Random bits take a thousand nodes before opset 18; the composites' tests write them so.
      const opset = ["dropout", "gaussianNoise", "rrelu"].includes(kind) ? 18 : 17;
      expect(await problemsOf(graph, { x }, startOf(graph), { opset })).toEqual([]);
      // Random bits come back as the shifts and sums that they are written with.
      expect(returns(graph, startOf(graph), { opset })).toBe(opset === 17);
    },
  );

  test.for(["dense", "conv2d", "batchNorm", "maxPool", "dropout"])(
    "%s predicts as ours does, and its file comes back the same",
    async (kind) => {
      const [layer, shape] = kinds[kind] ?? [];
      if (layer === undefined || shape === undefined) throw new Error("a layer is gone");
      const x = input("x", "f32", [batch, ...shape]);
      const graph = program({ inputs: { x }, outputs: { y: layer(x) } });
      expect(await problemsOf(graph, { x: sample([BATCH, ...shape]) }, startOf(graph))).toEqual([]);
      expect(returns(graph, startOf(graph))).toBe(true);
    },
  );
});

describe("losses in ONNX Runtime", () => {
  type Loss = (prediction: Tensor, target: Tensor) => Tensor;
  const losses: { readonly [name: string]: Loss } = {
    meanSquaredError: layers.meanSquaredError,
    halfSumOfSquares: layers.halfSumOfSquares,
    meanAbsoluteError: layers.meanAbsoluteError,
    binaryCrossEntropy: layers.binaryCrossEntropy,
    huber: layers.huber,
    hinge: layers.hinge,
    klDivergence: layers.klDivergence,
    crossEntropy: layers.crossEntropy,
    penalized: (y, t) => {
      const loss = layers.meanSquaredError(y, t);
      const weights = layers.weightsOf(loss);
      return layers.regularized(loss.add(layers.l1(weights, 1e-2)), layers.l2(weights, 1e-2), 0.3);
    },
  };

  test.for(Object.entries(losses))(
    "%s and its step are ours, and the file comes back the same",
    async ([name, lossOf]) => {
      const isLabelled = name === "crossEntropy";
      const x = input("x", "f32", [batch, 4]);
      const t = isLabelled ? input("t", "i32", [batch]) : input("t", "f32", [batch, 5]);
      const loss = lossOf(layers.dense({ units: 5 })(x), t);
      const graph = program({ inputs: { x, t }, outputs: { loss }, updates: optimizers.sgd()(loss) });
      const target = isLabelled ? valueOf("i32", [BATCH], [4, 0, 2]) : sample([BATCH, 5], 0.3, 0.5);
      expect(await problemsOf(graph, { x: sample([BATCH, 4]), t: target }, startOf(graph))).toEqual([]);
      expect(returns(graph, startOf(graph))).toBe(true);
    },
  );
});

describe("optimizers in ONNX Runtime", () => {
  const all: { readonly [name: string]: (loss: Tensor) => readonly Update[] } = {
    sgd: optimizers.sgd(),
    momentum: optimizers.momentum(),
    nesterov: optimizers.nesterov(),
    adaGrad: optimizers.adaGrad(),
    rmsProp: optimizers.rmsProp(),
    adaDelta: optimizers.adaDelta(),
    adam: optimizers.adam(),
    adamW: optimizers.adamW(),
    scheduled: optimizers.sgd({
      learningRate: optimizers.warmUp(optimizers.cosineDecay({ initial: 0.1, steps: 9 }), 3),
    }),
    clipped: optimizers.sgd({ clipNorm: 0.5 }),
  };

  test.for(Object.entries(all))(
    "a step of %s is ours, and the file comes back the same",
    async ([, optimizer]) => {
      const x = input("x", "f32", [batch, 4]);
      const loss = layers
        .sequential([layers.dense({ units: 3 }), layers.tanh()])(x)
        .reduceSum();
      const graph = program({ inputs: { x }, outputs: { loss }, updates: optimizer(loss) });
      expect(await problemsOf(graph, { x: sample([BATCH, 4]) }, startOf(graph))).toEqual([]);
      expect(returns(graph, startOf(graph))).toBe(true);
    },
  );
});
