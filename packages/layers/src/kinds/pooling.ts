import {
  AdjointError,
  type Tensor,
  averagePool as averagePoolOf,
  globalAveragePool as globalAveragePoolOf,
  globalMaxPool as globalMaxPoolOf,
  maxPool as maxPoolOf,
} from "@adjoint/ir";
import { boolean, optional, strictObject, withDefault } from "@adjoint/ir/schema";
import { type PerAxis, sizes, spread } from "../config.ts";
import type { Layer, LayerKind, NameOption } from "../layer.ts";
import { makeLayer } from "../make-layer.ts";
import { type Padding, type Pads, type Window, paddingFor, paddingSchema } from "../padding.ts";

type None = Record<never, never>;

/** All settings of `maxPool`. */
export interface PoolConfig {
  readonly kernel: PerAxis;
  readonly strides?: PerAxis | undefined;
  readonly padding: Padding;
  readonly dilations: PerAxis;
}

/** Settings of `maxPool`. */
export interface PoolOptions extends NameOption {
  /** Sizes of the window. */
  readonly kernel: PerAxis;
  /** As the kernel by default, so that windows touch and don't overlap. */
  readonly strides?: PerAxis | undefined;
  /** As for convolutions; "valid" by default. */
  readonly padding?: Padding | undefined;
  /** 1 by default. */
  readonly dilations?: PerAxis | undefined;
}

/** All settings of `averagePool`. */
export interface AveragePoolConfig extends PoolConfig {
  readonly countIncludePad: boolean;
}

/** Settings of `averagePool`. */
export interface AveragePoolOptions extends PoolOptions {
  /** Whether padded zeros count in the mean; false by default. */
  readonly countIncludePad?: boolean | undefined;
}

const shape = {
  kernel: sizes,
  strides: optional(sizes),
  padding: paddingSchema,
  dilations: withDefault(sizes, 1),
};

/** The window of a pooling over x [N, C, …]. */
function windowOf(kind: string, x: Tensor, config: PoolConfig): Window & Pads {
  const rank = x.rank - 2;
  if (rank < 1) {
    throw new AdjointError(
      "shape",
      kind,
      `wants [batch, channels, …] with at least one more axis and got ${x}`,
    );
  }
  const window = {
    kernel: spread(kind, "kernel", config.kernel, rank),
    strides: spread(kind, "strides", config.strides ?? config.kernel, rank),
    dilations: spread(kind, "dilations", config.dilations, rank),
  };
  return { ...window, ...paddingFor(kind, config.padding, x.shape.slice(2), window) };
}

/** Kind of `maxPool`. */
export const maxPoolKind: LayerKind<PoolConfig> = {
  kind: "maxPool",
  schema: strictObject(shape),
  build: (x, { config }) => maxPoolOf(x, windowOf("maxPool", x, config)),
};

/** The largest element of each window: [N, C, …] → [N, C, …′]. */
export const maxPool = (options: PoolOptions): Layer<PoolConfig> => makeLayer(maxPoolKind, options);

/** Kind of `averagePool`. */
export const averagePoolKind: LayerKind<AveragePoolConfig> = {
  kind: "averagePool",
  schema: strictObject({ ...shape, countIncludePad: withDefault(boolean(), false) }),
  build: (x, { config }) =>
    averagePoolOf(x, { ...windowOf("averagePool", x, config), countIncludePad: config.countIncludePad }),
};

/** The mean of each window: [N, C, …] → [N, C, …′]. */
export const averagePool = (options: AveragePoolOptions): Layer<AveragePoolConfig> =>
  makeLayer(averagePoolKind, options);

/** All but batch and channels as one: [N, C, …] → [N, C]. */
const flat = (x: Tensor): Tensor => x.reshape(x.shape.slice(0, 2));

/** Kind of `globalAveragePool`. */
export const globalAveragePoolKind: LayerKind<None> = {
  kind: "globalAveragePool",
  schema: strictObject({}),
  build: (x) => flat(globalAveragePoolOf(x)),
};

/** The mean of each channel: [N, C, …] → [N, C]. */
export const globalAveragePool = (options: NameOption = {}): Layer<None> =>
  makeLayer(globalAveragePoolKind, options);

/** Kind of `globalMaxPool`. */
export const globalMaxPoolKind: LayerKind<None> = {
  kind: "globalMaxPool",
  schema: strictObject({}),
  build: (x) => flat(globalMaxPoolOf(x)),
};

/** The largest element of each channel: [N, C, …] → [N, C]. */
export const globalMaxPool = (options: NameOption = {}): Layer<None> => makeLayer(globalMaxPoolKind, options);
