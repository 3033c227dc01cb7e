import { AdjointError } from "@adjoint/ir";
import { z } from "zod";
import type { Callback } from "./callback.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** What `fit` takes besides the examples. */
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

const SIZE = "must be a whole number ≥ 1";
const size = z.int(SIZE).min(1, SIZE);

const seed = z.custom<number | false>(
  (value) => value === false || (typeof value === "number" && Number.isSafeInteger(value) && value >= 0),
  "must be a whole number ≥ 0, or false",
);

/** Settings of `fit` with defaults filled in. */
interface FitSettings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle?: number | false | undefined;
  readonly lastBatch: "keep" | "drop";
  readonly abortPatience: number;
}

/** What is left to check of `FitOptions` at run time: the rest is objects of this library. */
export const fitSchema: z.ZodType<FitSettings> = z.object({
  epochs: size,
  batchSize: size.default(32),
  shuffle: seed.optional(),
  lastBatch: z.enum(["keep", "drop"], 'must be "keep" or "drop"').default("keep"),
  abortPatience: z.number("must be a number > 0").gt(0, "must be a number > 0").default(30),
});

/**
 * Checks what a caller gave.
 * @throws AdjointError naming each setting that is wrong and the value it had.
 */
export function parseOptions<T>(operation: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) =>
    issue.code === "unrecognized_keys"
      ? `unknown setting ${issue.keys.map((key) => `"${key}"`).join(", ")}`
      : `${[...issue.path.map(String), issue.message].join(" ")} and is ${String(issue.input)}`,
  );
  throw new AdjointError("attribute", operation, problems.join("; "));
}

/** What a pass without training takes. */
export interface PassOptions {
  /** Examples computed at a time, 100 by default. */
  readonly batchSize?: number | undefined;
}

const passSchema = z.strictObject({ batchSize: size.default(100) });

/** The batch size of a pass. */
export const parsePass = (operation: string, options: PassOptions): number =>
  parseOptions(operation, passSchema, options).batchSize;
