import { take } from "@adjoint/ir";
import { AdjointError, isInteger, typeText } from "@adjoint/ir/values";
import { oneOf, strictObject, withDefault } from "@adjoint/ir/schema";
import { size } from "../config.ts";
import { type Initializer, initialFor, initializerSchema } from "../initializers.ts";
import type { Layer, LayerKind, NameOption } from "../layer.ts";
import { makeLayer } from "../make-layer.ts";

type FloatType = "f64" | "f32" | "f16" | "bf16";
const floats: readonly FloatType[] = ["f64", "f32", "f16", "bf16"];

/** All settings of `embedding`. */
export interface EmbeddingConfig {
  readonly vocabulary: number;
  readonly units: number;
  readonly dtype: FloatType;
  readonly weightInitializer: Initializer;
}

/** Settings of `embedding`. */
export interface EmbeddingOptions extends NameOption {
  /** The number of different indices: 0 … vocabulary − 1. */
  readonly vocabulary: number;
  /** The size of a vector. */
  readonly units: number;
  /** The vectors' type, f32 by default. */
  readonly dtype?: FloatType | undefined;
  /** Uniform in ±0.05 by default. */
  readonly weightInitializer?: Initializer | undefined;
}

/** Kind of `embedding`. */
export const embeddingKind: LayerKind<EmbeddingConfig> = {
  kind: "embedding",
  schema: strictObject({
    vocabulary: size,
    units: size,
    dtype: withDefault(oneOf(floats, `must be one of ${floats.join(", ")}`), "f32"),
    weightInitializer: withDefault(initializerSchema, { name: "uniform", low: -0.05, high: 0.05 }),
  }),
  registers: ({ vocabulary, units, dtype, weightInitializer }, x) => {
    if (!isInteger(x.dtype)) {
      throw new AdjointError(
        "dtype",
        "embedding",
        `wants integer indices and got ${typeText(x)}`,
        "Cast them first.",
      );
    }
    const initial = initialFor(weightInitializer, { fanIn: vocabulary, fanOut: units });
    return { weight: { shape: [vocabulary, units], dtype, initial } };
  },
  build: (x, { register }) => take(register("weight"), x),
};

/**
 * A learned vector for each index: integers [batch, …] and weight [vocabulary, units] → [batch, …, units]. An index
 * outside the vocabulary is an error when the program runs.
 */
export const embedding = (options: EmbeddingOptions): Layer<EmbeddingConfig> =>
  makeLayer(embeddingKind, options);
