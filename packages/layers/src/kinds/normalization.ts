import {
  type Tensor,
  batchNormalization,
  batchNormalizationTraining,
  commit,
  layerNormalization,
  widely,
  widened,
  workingType,
} from "@adjoint/ir";
import { AdjointError, type DType, type Initial, typeText } from "@adjoint/ir/values";
import { boolean, int, positive, strictObject, withDefault } from "@adjoint/ir/schema";
import { share } from "../config.ts";
import type { Layer, LayerKind, NameOption, RegisterSpec } from "../layer.ts";
import { makeLayer } from "../make-layer.ts";
import { staticSize } from "../static-size.ts";

const filled = (value: number): Initial => ({ kind: "constant", value });
const spec = (shape: readonly number[], dtype: DType, value: number, trainable = true): RegisterSpec => ({
  shape,
  dtype,
  initial: filled(value),
  trainable,
});

const epsilon = withDefault(positive, 1e-5);

/** All settings of `batchNorm`. */
export interface BatchNormConfig {
  readonly momentum: number;
  readonly epsilon: number;
}

/** Settings of `batchNorm`. */
export interface BatchNormOptions extends NameOption {
  /** The share of the running statistics that a training run keeps; 0.9 by default (what PyTorch calls 0.1). */
  readonly momentum?: number | undefined;
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number | undefined;
}

/** running·momentum + batch·(1 − momentum). */
const moved = (running: Tensor, batch: Tensor, momentum: number): Tensor =>
  running.mul(momentum).add(batch.stopGradient().mul(1 - momentum));

/** Kind of `batchNorm`. */
export const batchNormKind: LayerKind<BatchNormConfig> = {
  kind: "batchNorm",
  schema: strictObject({
    momentum: withDefault(share, 0.9),
    epsilon,
  }),
  registers: (_, x) => {
    if (x.shape.length < 2) {
      throw new AdjointError("shape", "batchNorm", `wants [batch, channels, …] and got ${typeText(x)}`);
    }
    const channels = [staticSize("batchNorm", x, 1)];
    return {
      scale: spec(channels, x.dtype, 1),
      bias: spec(channels, x.dtype, 0),
      // A running mean of 16-bit floats would stop where its steps are below half a unit of its last place.
      mean: spec(channels, workingType(x.dtype), 0, false),
      variance: spec(channels, workingType(x.dtype), 1, false),
    };
  },
  build: (x, { config, training, register }) => {
    const [mean, variance] = [register("mean"), register("variance")];
    const options = { epsilon: config.epsilon };
    return widely(x, (wide) => {
      const [scale, bias] = [widened(register("scale")), widened(register("bias"))];
      if (!training) return batchNormalization(wide, scale, bias, mean, variance, options);
      const batch = batchNormalizationTraining(wide, scale, bias, options);
      const counted = commit(batch.y, mean, moved(mean, batch.mean, config.momentum));
      return commit(counted, variance, moved(variance, batch.variance, config.momentum));
    });
  },
};

/**
 * (x − mean) / √(variance + epsilon)·scale + bias for each channel (axis 1). In training mean and variance are the
 * batch's (variance divided by the count, as ONNX) and a run of the program moves the running ones, registers `mean` and
 * `variance` that are not trained, towards them; in inference they are the running ones. A program can call it in
 * training once. Source: Ioffe and Szegedy, "Batch Normalization" (2015).
 */
export const batchNorm = (options: BatchNormOptions = {}): Layer<BatchNormConfig> =>
  makeLayer(batchNormKind, options);

/** All settings of `layerNorm`. */
export interface LayerNormConfig {
  readonly axis: number;
  readonly epsilon: number;
  readonly bias: boolean;
}

/** Settings of `layerNorm`. */
export interface LayerNormOptions extends NameOption {
  /** The first of the normalized axes, −1 (the last alone) by default. */
  readonly axis?: number | undefined;
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number | undefined;
  /** Whether there is a bias; true by default. */
  readonly bias?: boolean | undefined;
}

/** Kind of `layerNorm`. */
export const layerNormKind: LayerKind<LayerNormConfig> = {
  kind: "layerNorm",
  schema: strictObject({
    axis: withDefault(int(), -1),
    epsilon,
    bias: withDefault(boolean(), true),
  }),
  registers: ({ axis, bias }, x) => {
    const rank = x.shape.length;
    const first = axis < 0 ? axis + rank : axis;
    const axes = [...x.shape.keys()].slice(Math.max(first, 0));
    if (first < 0 || axes.length === 0) {
      throw new AdjointError("shape", "layerNorm", `has axis ${axis} and got ${typeText(x)}`);
    }
    const shape = axes.map((each) => staticSize("layerNorm", x, each));
    return { scale: spec(shape, x.dtype, 1), ...(bias && { bias: spec(shape, x.dtype, 0) }) };
  },
  build: (x, { config, register }) =>
    layerNormalization(x, register("scale"), config.bias ? register("bias") : undefined, {
      axis: config.axis,
      epsilon: config.epsilon,
    }),
};

/**
 * Each example standardized over the axes from `axis` on, times scale, plus bias (of those axes' shape); the same in
 * training and inference. Source: Ba, Kiros, Hinton, "Layer Normalization" (2016).
 */
export const layerNorm = (options: LayerNormOptions = {}): Layer<LayerNormConfig> =>
  makeLayer(layerNormKind, options);
