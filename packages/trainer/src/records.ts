import { AdjointError } from "@adjoint/ir";
import {
  type Schema,
  array,
  literal,
  nonNegative,
  number,
  oneOf,
  optional,
  pipe,
  record,
  strictObject,
  transform,
  union,
  whole,
} from "@adjoint/ir/schema";

/** The loss and the metrics, by name. */
export type Values = { readonly [measure: string]: number };

/** The loss, and metrics by name. */
export interface Measures {
  readonly loss: number;
  /** The metrics that the programs put out. */
  readonly metrics: Values;
}

/** The results of an epoch. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Steps done at its end. */
  readonly step: number;
  /** Averages by example over the epoch, each batch measured before its update. */
  readonly train: Measures;
  /** Measured after the epoch, where `fit` was given validation data. */
  readonly validation?: Measures | undefined;
  /** Time it took, validation included. */
  readonly seconds: number;
}

/** The division of the data into batches: a resumed run must have the same. */
export interface DataPlan {
  readonly examples: number;
  readonly batchSize: number;
  readonly shuffle: number | false;
  readonly lastBatch: "keep" | "drop";
}

/** The progress of a training. */
export interface Progress {
  readonly plan: DataPlan;
  /** Epochs finished, which is also the index of the one under way. */
  readonly epoch: number;
  /** Index of the next batch of that epoch. */
  readonly batch: number;
  /** Steps done in all epochs. */
  readonly step: number;
  /** Sums over the examples of the epoch under way. */
  readonly sums: Sums;
  /** Seconds spent in the epoch under way. */
  readonly seconds: number;
  readonly history: readonly EpochRecord[];
}

/** Sums over examples, from which averages are made. */
export interface Sums {
  readonly examples: number;
  readonly values: Values;
}

const count = whole(0);

/** A number as JSON has it: what JSON lacks is its name. */
const jsonNumber = pipe(
  union([number(), oneOf(["NaN", "Infinity", "-Infinity"])]),
  transform((value) => Number(value)),
);
const values = record(jsonNumber);
const measures = strictObject({ loss: jsonNumber, metrics: values });

/** Checks a `Progress` that was read as JSON. */
export const progressSchema: Schema<Progress> = strictObject({
  plan: strictObject({
    examples: count,
    batchSize: count,
    shuffle: union([count, literal(false)]),
    lastBatch: oneOf(["keep", "drop"]),
  }),
  epoch: count,
  batch: count,
  step: count,
  sums: strictObject({ examples: count, values }),
  seconds: nonNegative,
  history: array(
    strictObject({
      epoch: count,
      step: count,
      train: measures,
      validation: optional(measures),
      seconds: nonNegative,
    }),
  ),
});

/** The measures of a step. */
export interface StepRecord extends Measures {
  /** From 1, over all epochs. */
  readonly step: number;
}

/** Checks a list of `StepRecord` that was read as JSON. */
export const stepRecords: Schema<readonly StepRecord[]> = array(
  strictObject({ step: count, loss: jsonNumber, metrics: values }),
);

/**
 * JSON in which NaN and the infinities are text.
 * @param what names the value in errors.
 * @throws AdjointError if a value can't be JSON, or its text is longer than a string may be.
 */
export function toJsonText(what: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, (_, entry: unknown) =>
      typeof entry === "number" && !Number.isFinite(entry) ? String(entry) : entry,
    );
  } catch (error) {
    throw new AdjointError(
      "state",
      "checkpoint",
      `${what} can't be kept as JSON: ${error instanceof Error ? error.message : String(error)}`,
      "Keep what is large in tensors.",
    );
  }
  if (text === undefined)
    throw new AdjointError("state", "checkpoint", `${what} can't be kept as JSON: it is ${typeof value}`);
  return text;
}
