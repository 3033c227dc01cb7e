import {
  type Schema,
  checked,
  minLength,
  oneOf,
  optional,
  positive,
  strictObject,
  string,
  whole,
} from "@adjoint/ir/schema";
import { backends } from "./backends.ts";
import { models } from "./models.ts";
import { optimizers } from "./optimizers.ts";

const names = <N extends string>(table: { readonly [name in N]: unknown }): Schema<N> => {
  // The keys of a table that lists them all.
  const known = Object.keys(table) as [N, ...N[]];
  return oneOf(known, `must be one of ${known.join(", ")}`) as Schema<N>;
};
const count = whole(1);

/** The settings that decide a run: two runs of the same settings give the same weights, bit for bit. */
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

/** Settings of the machine and the output: none of them changes the numbers that a backend gives. */
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
  learningRate: positive,
  optimizer: names(optimizers),
  seed: whole(0, 2 ** 32 - 1),
  limit: optional(count),
};

/** Checks settings that were saved. */
export const settingsSchema: Schema<Settings> = strictObject(shape);

/** The schema of each option, by its name in the program. */
export const optionSchemas: {
  readonly [option in keyof Settings | Exclude<keyof Placement, "json">]: Schema;
} = {
  ...shape,
  limit: count,
  backend: names(backends),
  out: checked(string(), minLength(1, "must be a folder")),
  resume: checked(string(), minLength(1, "must be a file")),
  checkpointEvery: count,
};

/** The user's options, checked. */
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
