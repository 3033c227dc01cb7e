import { Tensor } from "@adjoint/ir";
import {
  type OptionalSchema,
  type Schema,
  checked,
  custom,
  nonNegative,
  optional,
  positive,
  refine,
  strictObject,
  string,
  withDefault,
} from "@adjoint/ir/schema";
import type { LearningRate } from "./learning-rate.ts";

/**
 * The settings of one parameter that differ from those of the others. Give it from `parameters`, for example
 * `(name) => name.startsWith("dense_1.") ? { learningRate: 1e-4 } : true`.
 */
export interface ParameterOptions {
  readonly learningRate?: LearningRate | undefined;
  readonly weightDecay?: number | undefined;
}

/** Decides by a register's name: `false` leaves it as it is, `true` updates it, options update it with other settings. */
export type ParameterFilter = (register: string) => boolean | ParameterOptions;

/** Settings of every optimizer. */
export interface OptimizerOptions {
  /** A number ≥ 0, a schedule, or a scalar tensor (an input or a register that the caller sets). */
  readonly learningRate?: LearningRate | undefined;
  /**
   * λ of weight decay, 0 by default. All but AdamW add λ·p to the gradient (the gradient of ½λ‖p‖²); AdamW shrinks the
   * parameter itself.
   */
  readonly weightDecay?: number | undefined;
  /** Gradients are clamped to −clipValue … clipValue, element by element. */
  readonly clipValue?: number | undefined;
  /** Gradients are scaled down together where their joint Euclidean norm is above this. After `clipValue`. */
  readonly clipNorm?: number | undefined;
  /** The parameters to update and their settings; all trainable ones by default. */
  readonly parameters?: ParameterFilter | undefined;
  /** Prefix of this optimizer's registers, "optimizer" by default. Two optimizers in one program need two names. */
  readonly name?: string | undefined;
}

/** `OptimizerOptions` with defaults filled in. */
export interface OptimizerConfig {
  readonly learningRate: LearningRate;
  readonly weightDecay: number;
  readonly clipValue?: number | undefined;
  readonly clipNorm?: number | undefined;
  readonly parameters?: ParameterFilter | undefined;
  readonly name: string;
}

const learningRate: Schema<LearningRate> = custom<LearningRate>(
  (value) =>
    (typeof value === "number" && value >= 0 && value < Infinity) ||
    typeof value === "function" ||
    value instanceof Tensor,
  "must be a number ≥ 0, a schedule or a scalar tensor",
);

const NAME = /^[A-Za-z_][\w-]*$/;

/** The schema of `OptimizerConfig`, for rules to extend by their own settings. */
export const commonShape = (
  rate: number,
  weightDecay = 0,
): {
  learningRate: Schema<LearningRate>;
  weightDecay: Schema<number>;
  clipValue: OptionalSchema<number>;
  clipNorm: OptionalSchema<number>;
  parameters: OptionalSchema<ParameterFilter>;
  name: Schema<string>;
} => ({
  learningRate: withDefault(learningRate, rate),
  weightDecay: withDefault(nonNegative, weightDecay),
  clipValue: optional(positive),
  clipNorm: optional(positive),
  parameters: optional(
    custom<ParameterFilter>(
      (value) => typeof value === "function",
      "must be a function of a register's name",
    ),
  ),
  name: withDefault(
    checked(
      string(),
      refine((name) => NAME.test(name), "must be a name of letters, digits, _ and -"),
    ),
    "optimizer",
  ),
});

/** The schema of `ParameterOptions`. */
export const parameterOptions: Schema<ParameterOptions> = strictObject({
  learningRate: optional(learningRate),
  weightDecay: optional(nonNegative),
});
