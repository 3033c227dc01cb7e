import { z } from "zod";
import { backends } from "./backends.ts";
import { models } from "./models.ts";
import { optimizers } from "./optimizers.ts";

const names = <N extends string>(table: { readonly [name in N]: unknown }): z.ZodType<N> => {
  // The keys of a table that lists them all.
  const known = Object.keys(table) as [N, ...N[]];
  return z.enum(known, `must be one of ${known.join(", ")}`) as z.ZodType<N>;
};
const COUNT = "must be a whole number ≥ 1";
const count = z.int(COUNT).min(1, COUNT);
const SEED = "must be a whole number from 0 to 4294967295";

/** What a run is: two runs of the same settings give the same weights, bit for bit. */
export interface Settings {
  readonly model: keyof typeof models;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly optimizer: keyof typeof optimizers;
  readonly seed: number;
  /** Examples of training and test data to use; all of them where it is undefined. */
  readonly limit?: number | undefined;
}

/** Where and how it runs: nothing of it changes the numbers that a backend gives. */
export interface Placement {
  readonly backend: keyof typeof backends;
  readonly out?: string | undefined;
  readonly resume?: string | undefined;
  readonly checkpointEvery?: number | undefined;
  readonly json: boolean;
}

const shape = {
  model: names(models),
  epochs: count,
  batchSize: count,
  learningRate: z.number("must be a number > 0").gt(0, "must be a number > 0"),
  optimizer: names(optimizers),
  seed: z
    .int(SEED)
    .min(0, SEED)
    .max(2 ** 32 - 1, SEED),
  limit: count.optional(),
};

/** Checks settings that were saved. */
export const settingsSchema: z.ZodType<Settings> = z.strictObject(shape);

/** The schema of each option, by its name in the program. */
export const optionSchemas: {
  readonly [option in keyof Settings | Exclude<keyof Placement, "json">]: z.ZodType;
} = {
  ...shape,
  limit: count,
  backend: names(backends),
  out: z.string().min(1, "must be a folder"),
  resume: z.string().min(1, "must be a file"),
  checkpointEvery: count,
};

/** What the user gave, checked. */
export type Given = Partial<Settings> & Partial<Placement>;

/** One of those that end above 98 %; the README tells what others end at. */
export const DEFAULT_SEED = 5;

/** The network and settings of the usual first script on MNIST, for two epochs. */
export const settle = (given: Given): Settings => {
  const optimizer = given.optimizer ?? "adam";
  return {
    model: given.model ?? "mlp",
    epochs: given.epochs ?? 2,
    batchSize: given.batchSize ?? 100,
    learningRate: given.learningRate ?? optimizers[optimizer].learningRate,
    optimizer,
    seed: given.seed ?? DEFAULT_SEED,
    limit: given.limit,
  };
};
