import { elementCount } from "@adjoint/ir/values";
import { boolean, oneOf, seedOrFalse, strictObject, whole, withDefault } from "@adjoint/ir/schema";
import { type Column } from "./column.ts";
import { allocate } from "./dtype.ts";
import { DatasetError } from "./error.ts";
import type { Columns, Fields } from "./fields.ts";
import { parseOptions } from "./options.ts";
import { identity, permutation, RandomStream } from "./random.ts";
import type { Source } from "./source.ts";

/** Options of cutting a data set into batches. */
export interface BatchOptions {
  /** Examples of a batch, at least 1. */
  readonly size: number;
  /** A seed (whole number from 0 to 2⁵³−1) for a random order, or `false` for the data set's own. Default: `false`. */
  readonly shuffle?: number | false;
  /** The number of the pass over the data, from 0: each has its own random order. Default: 0. */
  readonly epoch?: number;
  /** If fewer than `size` examples are left: give them as a smaller batch, or drop them. Default: `"keep"`. */
  readonly lastBatch?: "keep" | "drop";
  /** Index of the first batch to give, from 0 to `length`: where an interrupted pass goes on. Default: 0. */
  readonly start?: number;
  /**
   * `true`: every batch is written over the one before, into the same arrays, so that a step allocates none (a smaller
   * last batch has its own). Be done with a batch before you ask for the next. Default: `false`, new arrays for each.
   */
  readonly reuse?: boolean;
}

/** The batches of one pass. Each iteration begins at `start` and gives the same batches. */
export interface Batches<F extends Fields> extends Iterable<Columns<F>> {
  /** Number of batches of the whole pass, whatever `start` is. */
  readonly length: number;
  /** The batches with their index in the pass: with `start: 37` the first is 37. */
  entries(): IterableIterator<[index: number, examples: Columns<F>]>;
}

const schema = strictObject({
  size: whole(1),
  shuffle: withDefault(seedOrFalse, false),
  epoch: withDefault(whole(0), 0),
  lastBatch: withDefault(oneOf(["keep", "drop"], 'must be "keep" or "drop"'), "keep"),
  start: withDefault(whole(0), 0),
  reuse: withDefault(boolean("must be true or false"), false),
});

/**
 * Cuts `sources`, all of `length` examples, into batches. The order is a function of seed, epoch and length alone.
 *
 * @throws DatasetError `bad-option`; `empty` when dropping the ragged batch leaves none.
 */
export function batches<F extends Fields>(
  sources: ReadonlyMap<string, Source>,
  length: number,
  options: BatchOptions,
): Batches<F> {
  const { size, shuffle, epoch, lastBatch, start, reuse } = parseOptions("batches", schema, options);
  const count = lastBatch === "keep" ? Math.ceil(length / size) : Math.floor(length / size);
  if (count === 0) {
    throw new DatasetError(
      "empty",
      "batches",
      `${length} examples don't fill a batch of ${size}, and lastBatch "drop" leaves none. ` +
        `Give a smaller size, or keep the last batch.`,
    );
  }
  if (start > count) {
    throw new DatasetError(
      "bad-option",
      "batches",
      `start must be from 0 to the ${count} batches of the pass and is ${start}.`,
    );
  }
  const order =
    shuffle === false ? identity(length) : permutation(length, new RandomStream(shuffle, "batches", epoch));

  function* entries(): Generator<[number, Columns<F>], undefined> {
    let room: Room<F> | undefined;
    for (let index = start; index < count; index++) {
      const from = index * size;
      const to = Math.min(from + size, length);
      if (!reuse || room?.count !== to - from) room = makeRoom(sources, to - from);
      for (const { source, column } of room.parts) source.gather(order, from, to, column.data);
      yield [index, room.examples];
    }
  }
  return {
    length: count,
    entries,
    *[Symbol.iterator]() {
      for (const [, examples] of entries()) yield examples;
    },
  };
}

/** The arrays of one batch. */
interface Room<F extends Fields> {
  readonly count: number;
  readonly parts: readonly { readonly source: Source; readonly column: Column }[];
  readonly examples: Columns<F>;
}

function makeRoom<F extends Fields>(sources: ReadonlyMap<string, Source>, count: number): Room<F> {
  const parts = Array.from(sources, ([name, source]) => {
    const data = allocate(source.dtype, count * elementCount(source.shape));
    const column: Column = { dtype: source.dtype, shape: [count, ...source.shape], data };
    return { name, source, column };
  });
  // For each field of F the caller's `sources` hold a source of its element type.
  const examples = Object.fromEntries(parts.map(({ name, column }) => [name, column])) as Columns<F>;
  return { count, parts, examples };
}
