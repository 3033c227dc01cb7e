import { checked, finite, refine, seedOrFalse, strictObject, withDefault } from "@adjoint/ir/schema";
import { DatasetError } from "./error.ts";
import { parseOptions } from "./options.ts";
import { identity, permutation, RandomStream } from "./random.ts";

/** Options of splitting a data set. */
export interface SplitOptions {
  /** Seed (whole number from 0 to 2⁵³−1) of the random choice; `false` takes the last examples. Default: `false`. */
  readonly seed?: number | false;
}

/** The rows of both parts, each in the order of the data set. */
export interface SplitRows {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

const schema = strictObject({
  seed: withDefault(seedOrFalse, false),
});
const sizeSchema = checked(
  finite,
  refine(
    (size) => (size > 0 && size < 1) || (Number.isSafeInteger(size) && size >= 1),
    "must be a count of examples from 1, or a fraction between 0 and 1",
  ),
);

/**
 * Splits `length` examples in two. `validation` is a count from 1, or a fraction between 0 and 1 that is rounded to the
 * nearest count.
 *
 * @throws DatasetError `bad-option`; `empty` when a part would have no example.
 */
export function splitRows(length: number, validation: number, options: SplitOptions): SplitRows {
  const size = parseOptions("split", sizeSchema, validation);
  const { seed } = parseOptions("split", schema, options);
  const count = size < 1 ? Math.round(size * length) : size;
  if (count === 0 || count >= length) {
    throw new DatasetError(
      "empty",
      "split",
      `${count} of ${length} examples for validation leave ${count === 0 ? "it" : "training"} without any.`,
    );
  }
  const order = seed === false ? identity(length) : permutation(length, new RandomStream(seed, "split"));
  return {
    train: order.subarray(0, length - count).toSorted(),
    validation: order.subarray(length - count).toSorted(),
  };
}
