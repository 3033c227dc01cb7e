import { prelu as preluOf, rrelu as rreluOf } from "@adjoint/ir";
import { boolean, finite, strictObject, withDefault } from "@adjoint/ir/schema";
import { type Initializer, initialFor, initializerSchema } from "../initializers.ts";
import type { Layer, LayerKind, NameOption } from "../layer.ts";
import { makeLayer } from "../make-layer.ts";
import { staticSize } from "../static-size.ts";

export interface PreluConfig {
  readonly shared: boolean;
  readonly slope: Initializer;
}
export interface PreluOptions extends NameOption {
  /** One slope for all instead of one for each feature or channel (axis 1). False by default. */
  readonly shared?: boolean | undefined;
  /** The slopes' start, 0.25 by default. */
  readonly slope?: Initializer | undefined;
}

/** Kind of `prelu`. */
export const preluKind: LayerKind<PreluConfig> = {
  kind: "prelu",
  schema: strictObject({
    shared: withDefault(boolean(), false),
    slope: withDefault(initializerSchema, { name: "constant", value: 0.25 }),
  }),
  registers: ({ shared, slope }, x) => {
    const channels = shared ? 1 : staticSize("prelu", x, 1);
    // [C, 1, 1] stretches over [N, C, H, W].
    const shape = [channels, ...x.shape.slice(2).map(() => 1)];
    return { slope: { shape, dtype: x.dtype, initial: initialFor(slope, { fanIn: 1, fanOut: 1 }) } };
  },
  build: (x, { register }) => preluOf(x, register("slope")),
};

/**
 * x above 0, else slope·x with learned slopes.
 * Source: He, Zhang, Ren, Sun, "Delving Deep into Rectifiers" (2015).
 */
export const prelu = (options: PreluOptions = {}): Layer<PreluConfig> => makeLayer(preluKind, options);

export interface RreluConfig {
  readonly lower: number;
  readonly upper: number;
}
export interface RreluOptions extends NameOption {
  /** 1/8 by default. */
  readonly lower?: number | undefined;
  /** 1/3 by default. */
  readonly upper?: number | undefined;
}

/** Kind of `rrelu`. */
export const rreluKind: LayerKind<RreluConfig> = {
  kind: "rrelu",
  schema: strictObject({ lower: withDefault(finite, 1 / 8), upper: withDefault(finite, 1 / 3) }),
  build: (x, { config, training, key }) => rreluOf(x, training ? key() : undefined, { ...config, training }),
};

/**
 * x above 0, else slope·x: in training each element's slope is uniform in [lower, upper), in inference their mean.
 * Source: Xu, Wang, Chen, Li, "Empirical Evaluation of Rectified Activations" (2015).
 */
export const rrelu = (options: RreluOptions = {}): Layer<RreluConfig> => makeLayer(rreluKind, options);
