import { AdjointError, matMul } from "@adjoint/ir";
import { boolean, strictObject, withDefault } from "@adjoint/ir/schema";
import { type ActivationName, activationSchema, activations } from "../activation.ts";
import { size } from "../config.ts";
import {
  type Initializer,
  denseFans,
  initialFor,
  initializerSchema,
  xavierUniform,
  zeros,
} from "../initializers.ts";
import type { Layer, LayerKind, NameOption } from "../layer.ts";
import { makeLayer } from "../make-layer.ts";
import { staticSize } from "../static-size.ts";

/** All settings of `dense`. */
export interface DenseConfig {
  readonly units: number;
  readonly activation: ActivationName;
  readonly bias: boolean;
  readonly weightInitializer: Initializer;
  readonly biasInitializer: Initializer;
}

/** Settings of `dense`. */
export interface DenseOptions extends NameOption {
  /** The number of outputs, ≥ 1. */
  readonly units: number;
  /** Applied to the result; "identity" by default. */
  readonly activation?: ActivationName | undefined;
  /** Whether there is a bias; true by default. */
  readonly bias?: boolean | undefined;
  /** `xavierUniform()` by default. */
  readonly weightInitializer?: Initializer | undefined;
  /** `zeros()` by default. */
  readonly biasInitializer?: Initializer | undefined;
}

/** Kind of `dense`. */
export const denseKind: LayerKind<DenseConfig> = {
  kind: "dense",
  schema: strictObject({
    units: size,
    activation: activationSchema,
    bias: withDefault(boolean("must be true or false"), true),
    weightInitializer: withDefault(initializerSchema, xavierUniform),
    biasInitializer: withDefault(initializerSchema, zeros),
  }),
  registers: ({ units, bias, weightInitializer, biasInitializer }, x) => {
    if (x.shape.length < 2) {
      throw new AdjointError(
        "shape",
        "dense",
        `wants [batch, …, features] and got rank ${x.shape.length}`,
        "Reshape a single example to [1, features].",
      );
    }
    const shape = [staticSize("dense", x, -1), units];
    const fans = denseFans(shape);
    const { dtype } = x;
    return {
      weight: { shape, dtype, initial: initialFor(weightInitializer, fans) },
      ...(bias && { bias: { shape: [units], dtype, initial: initialFor(biasInitializer, fans) } }),
    };
  },
  build: (x, { config, register }) => {
    const product = matMul(x, register("weight"));
    return activations[config.activation](config.bias ? product.add(register("bias")) : product);
  },
};

/**
 * activation(x·weight + bias): x [batch, …, inputs], weight [inputs, units], bias [units] → [batch, …, units].
 */
export const dense = (options: DenseOptions): Layer<DenseConfig> => makeLayer(denseKind, options);
