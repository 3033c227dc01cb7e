import { conv } from "@adjoint/ir";
import { AdjointError, type TensorType, typeText } from "@adjoint/ir/values";
import { type Schema, boolean, strictObject, withDefault } from "@adjoint/ir/schema";
import { type ActivationName, activationSchema, activations } from "../activation.ts";
import { type PerAxis, size, sizes, spread } from "../config.ts";
import {
  type Initializer,
  convFans,
  initialFor,
  initializerSchema,
  xavierUniform,
  zeros,
} from "../initializers.ts";
import type { Layer, LayerKind, NameOption } from "../layer.ts";
import { makeLayer } from "../make-layer.ts";
import { type Padding, paddingFor, paddingSchema } from "../padding.ts";
import { staticSize } from "../static-size.ts";

/** All settings of `conv1d` and `conv2d`. */
export interface ConvConfig {
  readonly filters: number;
  readonly kernel: PerAxis;
  readonly strides: PerAxis;
  readonly padding: Padding;
  readonly dilations: PerAxis;
  readonly groups: number;
  readonly activation: ActivationName;
  readonly bias: boolean;
  readonly weightInitializer: Initializer;
  readonly biasInitializer: Initializer;
}

/** Settings of `conv1d` and `conv2d`. */
export interface ConvOptions extends NameOption {
  /** The number of output channels, ≥ 1. */
  readonly filters: number;
  /** Sizes of the kernel. */
  readonly kernel: PerAxis;
  /** 1 by default. */
  readonly strides?: PerAxis | undefined;
  /**
   * "valid" (none, by default), "same" (as many positions as the input has, divided by the stride, rounded up; what is
   * odd goes to the end), or zeros to put on both sides of each axis.
   */
  readonly padding?: Padding | undefined;
  /** 1 by default. */
  readonly dilations?: PerAxis | undefined;
  /** Channels and filters fall into this many independent groups; 1 by default. */
  readonly groups?: number | undefined;
  /** Applied to the result; "identity" by default. */
  readonly activation?: ActivationName | undefined;
  /** Whether there is a bias; true by default. */
  readonly bias?: boolean | undefined;
  /** `xavierUniform()` by default. */
  readonly weightInitializer?: Initializer | undefined;
  /** `zeros()` by default. */
  readonly biasInitializer?: Initializer | undefined;
}

const schema: Schema<ConvConfig> = strictObject({
  filters: size,
  kernel: sizes,
  strides: withDefault(sizes, 1),
  padding: paddingSchema,
  dilations: withDefault(sizes, 1),
  groups: withDefault(size, 1),
  activation: activationSchema,
  bias: withDefault(boolean("must be true or false"), true),
  weightInitializer: withDefault(initializerSchema, xavierUniform),
  biasInitializer: withDefault(initializerSchema, zeros),
});

const convKind = (kind: string, rank: number): LayerKind<ConvConfig> => ({
  kind,
  schema,
  registers: (config, x) => {
    checkRank(kind, x, rank);
    const { filters, groups } = config;
    const channels = staticSize(kind, x, 1);
    if (channels % groups !== 0 || filters % groups !== 0) {
      throw new AdjointError(
        "attribute",
        kind,
        `${groups} groups don't divide ${channels} channels and ${filters} filters`,
        "Both must be multiples of groups.",
      );
    }
    const shape = [filters, channels / groups, ...spread(kind, "kernel", config.kernel, rank)];
    const fans = convFans(shape, groups);
    const { dtype } = x;
    return {
      weight: { shape, dtype, initial: initialFor(config.weightInitializer, fans) },
      ...(config.bias && {
        bias: { shape: [filters], dtype, initial: initialFor(config.biasInitializer, fans) },
      }),
    };
  },
  build: (x, { config, register }) => {
    const window = {
      kernel: spread(kind, "kernel", config.kernel, rank),
      strides: spread(kind, "strides", config.strides, rank),
      dilations: spread(kind, "dilations", config.dilations, rank),
    };
    const { strides, dilations } = window;
    const padded = paddingFor(kind, config.padding, x.shape.slice(2), window);
    const y = conv(x, register("weight"), { strides, dilations, ...padded, groups: config.groups });
    const ones = x.shape.slice(2).map(() => 1);
    return activations[config.activation](
      config.bias ? y.add(register("bias").reshape([config.filters, ...ones])) : y,
    );
  },
});

function checkRank(kind: string, x: TensorType, rank: number): void {
  if (x.shape.length === rank + 2) return;
  const axes = ["length", "height, width", "depth, height, width"][rank - 1] ?? "…";
  throw new AdjointError(
    "shape",
    kind,
    `wants [batch, channels, ${axes}] and got ${typeText(x)}`,
    "Images without a channel axis become [batch, 1, height, width] by reshape({ shape: [1, 28, 28] }).",
  );
}

/** Kind of `conv1d`. */
export const conv1dKind: LayerKind<ConvConfig> = convKind("conv1d", 1);

/** Kind of `conv2d`. */
export const conv2dKind: LayerKind<ConvConfig> = convKind("conv2d", 2);

/** Cross-correlation along one axis, channels first: [N, C, L] with weight [filters, C / groups, k] → [N, filters, L′]. */
export const conv1d = (options: ConvOptions): Layer<ConvConfig> => makeLayer(conv1dKind, options);

/** Cross-correlation of images, channels first: [N, C, H, W] with weight [filters, C / groups, kh, kw] → [N, filters, H′, W′]. */
export const conv2d = (options: ConvOptions): Layer<ConvConfig> => makeLayer(conv2dKind, options);
