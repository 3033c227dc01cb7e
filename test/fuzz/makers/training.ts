import { type Graph, type Tensor, program } from "@adjoint/ir";
import { elementCount } from "@adjoint/ir/values";
import * as layers from "@adjoint/layers";
import * as optimizers from "@adjoint/optimizers";
import { type Draw, shapeOf } from "../draw.ts";

type Method = (options: optimizers.OptimizerOptions) => optimizers.Optimizer;

/** Every update rule by gradients, by its name; a test holds that none is missing. */
export const methods: { readonly [name: string]: Method } = {
  sgd: (options) => optimizers.sgd(options),
  momentum: (options) => optimizers.momentum({ ...options, momentum: 0.75 }),
  nesterov: (options) => optimizers.nesterov({ ...options, momentum: 0.75 }),
  adam: (options) => optimizers.adam(options),
  adamW: (options) => optimizers.adamW(options),
  adaGrad: (options) => optimizers.adaGrad(options),
  rmsProp: (options) => optimizers.rmsProp(options),
  adaDelta: (options) => optimizers.adaDelta(options),
};

const activation = (draw: Draw): layers.ActivationName =>
  draw.pick(["relu", "tanh", "sigmoid", "identity", "gelu"]);
const batches = [32, 1, 2, 3, 5, 17, 33, 64, 100, 128];
const widths = [48, 13, 6, 9, 10, 64, 3, 17, 100, 1, 33];

function dense(draw: Draw): Tensor {
  const [batch, width] = [draw.sized(batches), draw.pick(widths) ?? 13];
  const x = draw.source(
    draw.dtype((dtype) => dtype === "f32" || dtype === "f64" || dtype === "f16"),
    [batch, width],
    "plain",
  );
  let result = x;
  for (let layer = 0; layer < 1 + draw.int(2); layer++) {
    const units = draw.pick(widths) ?? 48;
    if (!draw.spend(3 * batch * units * Number(result.shape[1]))) break;
    result = layers.dense({ units, activation: activation(draw) })(result);
    const extra = draw.int(6);
    if (extra === 1) result = layers.batchNorm()(result);
    if (extra === 2) result = layers.layerNorm()(result);
    if (extra === 3) result = layers.dropout({ rate: 0.25 })(result);
    if (extra === 4) result = layers.prelu()(result);
  }
  return result;
}

function pictures(draw: Draw): Tensor {
  const [batch, channels, side] = [draw.sized([2, 1, 3, 5]), draw.pick([1, 3, 4]), draw.pick([8, 7, 9, 12])];
  const x = draw.source("f32", [batch, channels, side, side], "plain");
  const filters = draw.pick([4, 8, 3, 16]);
  if (!draw.spend(12 * batch * channels * filters * 9 * side * side)) return dense(draw);
  let result = layers.conv2d({
    filters,
    kernel: draw.pick([3, 2, 1]),
    strides: draw.pick([1, 2]),
    padding: draw.pick(["valid", "same"]),
    activation: activation(draw),
  })(x);
  if (draw.chance(3)) result = layers.batchNorm()(result);
  if (draw.chance(2))
    result = draw.chance(2)
      ? layers.averagePool({ kernel: 2 })(result)
      : layers.maxPool({ kernel: 2 })(result);
  const flat = layers.flatten()(result);
  if (!draw.spend(3 * elementCount(shapeOf(flat)) * 5)) return flat;
  return layers.dense({ units: 5 })(flat);
}

/** A position-wise layer over sequences, and what positions are averaged to. */
function sequences(draw: Draw): Tensor {
  const [batch, length, width, units] = [
    draw.sized([2, 1, 3, 8]),
    draw.sized([5, 3, 7, 9, 16]),
    draw.pick(widths) ?? 9,
    draw.pick([4, 8, 48, 64]),
  ];
  const x = draw.source("f32", [batch, length, width], "plain");
  if (!draw.spend(6 * batch * length * width * units)) return dense(draw);
  const hidden = layers.dense({ units, activation: activation(draw) })(draw.chance(3) ? x.flip([1]) : x);
  if (draw.chance(2)) return hidden.reduceMean({ axes: [1] });
  return layers
    .embedding({ vocabulary: 11, units: 8 })(draw.indices([batch, length], 11))
    .reduceMean({ axes: [1] });
}

/** A loss of a network's result. */
function lossOf(draw: Draw, result: Tensor): Tensor {
  const target = (): Tensor => draw.of(result.dtype, shapeOf(result), "plain");
  switch (draw.int(5)) {
    case 0:
      return layers.meanSquaredError(result, target());
    case 1:
      return result.rank === 2
        ? layers.crossEntropy(result, draw.indices(shapeOf(result).slice(0, 1), Number(result.shape[1])))
        : layers.halfSumOfSquares(result, target());
    case 2:
      return layers.binaryCrossEntropy(result, target().abs().min(1));
    case 3:
      return layers.huber(result, target());
    default:
      return layers.meanAbsoluteError(result, target());
  }
}

/** A training step of a small network, and a prediction with its weights. */
export function trainingStep(draw: Draw): { readonly main: Graph; readonly other: Graph } | undefined {
  const result = draw.pick([dense, dense, pictures, sequences])(draw);
  const loss = lossOf(draw, result);
  const method = draw.pick(Object.values(methods));
  const options = {
    learningRate: draw.pick([0.01, 0.1, 0.5]),
    ...(draw.chance(4) && { weightDecay: 0.01 }),
    ...(draw.chance(4) && { clipValue: 0.25 }),
    ...(draw.chance(4) && { clipNorm: 1 }),
  };
  const updates = optimizers.parametersOf(loss).length === 0 ? [] : (method?.(options)(loss) ?? []);
  const { inputs } = draw.shared;
  return {
    main: program({ inputs, outputs: { loss }, updates }),
    other: program({ inputs, outputs: { result } }),
  };
}
