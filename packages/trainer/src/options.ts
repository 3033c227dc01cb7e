import {
  type Schema,
  object,
  oneOf,
  optional,
  parseSettings,
  positive,
  seedOrFalse,
  strictObject,
  whole,
  withDefault,
} from "@adjoint/ir/schema";
import type { Callback } from "./callback.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** Options of `fit`. */
export interface FitOptions {
  /** Passes over the data in all, those before a resumed checkpoint among them. */
  readonly epochs: number;
  /** Examples of a step, 32 by default. */
  readonly batchSize?: number | undefined;
  /** A seed for the order of the examples, or false for the order of the data set. The trainer's seed by default. */
  readonly shuffle?: number | false | undefined;
  /** Whether a last batch of fewer examples makes a step, "keep" by default. */
  readonly lastBatch?: "keep" | "drop" | undefined;
  readonly callbacks?: readonly Callback[] | undefined;
  /** Goes on from here, bit for bit as if the run that made it had never stopped. */
  readonly resume?: Checkpoint | undefined;
  /** Ends the training after the step under way: `onTrainEnd` runs, and `fit` returns. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Seconds that a callback or a step may take after `signal` asked to stop, 30 by default: then `fit` gives up and throws.
   * Enough for a checkpoint on a slow disk.
   */
  readonly abortPatience?: number | undefined;
  /** Text that checkpoints carry along: the settings of the run, a version. */
  readonly notes?: { readonly [key: string]: string } | undefined;
}

const size = whole(1);

/** Settings of `fit` with defaults filled in. */
interface FitSettings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle?: number | false | undefined;
  readonly lastBatch: "keep" | "drop";
  readonly abortPatience: number;
}

/** The part of `FitOptions` that is checked at run time: the rest is objects of this library. */
export const fitSchema: Schema<FitSettings> = object({
  epochs: size,
  batchSize: withDefault(size, 32),
  shuffle: optional(seedOrFalse),
  lastBatch: withDefault(oneOf(["keep", "drop"], 'must be "keep" or "drop"'), "keep"),
  abortPatience: withDefault(positive, 30),
});

/** Options of a pass without training. */
export interface PassOptions {
  /** Examples computed at a time, 100 by default. */
  readonly batchSize?: number | undefined;
}

const passSchema = strictObject({ batchSize: withDefault(size, 100) });

/** The batch size of a pass. */
export const parsePass = (operation: string, options: PassOptions): number =>
  parseSettings(operation, passSchema, options).batchSize;
