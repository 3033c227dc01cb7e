import type { DType } from "@adjoint/ir/values";
import { show } from "@adjoint/ir/schema";
import { checkColumn, type Column } from "./column.ts";

import { type CastDType, isCastable, isNumber, type NumberDType } from "./dtype.ts";
import { DatasetError, listed } from "./error.ts";
import { pick, type Source, StoredSource } from "./source.ts";

/** The sources of a data set by field: at least one, all of one length that isn't 0. */
export type Sources = ReadonlyMap<string, Source>;

/**
 * Sources that share the data of `columns`.
 *
 * @throws DatasetError `bad-option`, `bad-dtype`, `bad-shape` or `empty` for what isn't a set of columns.
 */
export function storedSources(columns: Readonly<Record<string, Column>>): Sources {
  if (typeof columns !== "object" || columns === null) {
    throw new DatasetError("bad-option", "dataset", `needs columns by name, got ${show(columns)}.`);
  }
  const sources = new Map<string, Source>();
  let first: { readonly name: string; readonly length: number } | undefined;
  for (const [name, column] of Object.entries(columns)) {
    checkColumn("dataset", name, column);
    const source = new StoredSource(column);
    first ??= { name, length: source.length };
    if (source.length !== first.length) {
      throw new DatasetError(
        "bad-shape",
        "dataset",
        `column "${name}" has ${source.length} examples, column "${first.name}" has ${first.length}. ` +
          `The first axis of every column counts the same examples.`,
      );
    }
    sources.set(name, source);
  }
  if (first === undefined) throw new DatasetError("empty", "dataset", "needs at least one column.");
  return sources;
}

/**
 * The source of `field`.
 *
 * @throws DatasetError `bad-field` when there is none.
 */
export function sourceOf(sources: Sources, operation: string, field: string): Source {
  const source = sources.get(field);
  if (source !== undefined) return source;
  const names = listed([...sources.keys()]);
  throw new DatasetError("bad-field", operation, `no field ${show(field)}. The fields are ${names}.`);
}

/**
 * The source of `field`, whose elements are numbers.
 *
 * @throws DatasetError `bad-field`, or `bad-dtype` when they are bits or bigints.
 */
export function numbersOf(sources: Sources, operation: string, field: string): Source<NumberDType> {
  const source = sourceOf(sources, operation, field);
  if (isOf(source, isNumber)) return source;
  const wayOut = isCastable(source.dtype) ? ' Cast it first: cast(field, "i32").' : "";
  throw new DatasetError(
    "bad-dtype",
    operation,
    `can't compute with "${field}" of type ${source.dtype}.${wayOut}`,
  );
}

/**
 * The source of `field`, whose elements are numbers or bigints.
 *
 * @throws DatasetError `bad-field`, or `bad-dtype` when they are bits.
 */
export function castableOf(sources: Sources, operation: string, field: string): Source<CastDType> {
  const source = sourceOf(sources, operation, field);
  if (isOf(source, isCastable)) return source;
  throw new DatasetError(
    "bad-dtype",
    operation,
    `"${field}" holds the bits of ${source.dtype}. Keep such a column as f32 until it goes into batches.`,
  );
}

function isOf<D extends DType>(source: Source, accepts: (dtype: DType) => dtype is D): source is Source<D> {
  return accepts(source.dtype);
}

/**
 * The same sources under the names that `names` gives them.
 *
 * @throws DatasetError `bad-field` for an unknown field or two of one name.
 */
export function renamedSources(
  sources: Sources,
  names: Readonly<Record<string, string | undefined>>,
): Sources {
  for (const field of Object.keys(names)) sourceOf(sources, "rename", field);
  const renamed = new Map<string, Source>();
  for (const [field, source] of sources) {
    const name = (Object.hasOwn(names, field) ? names[field] : undefined) ?? field;
    if (typeof name !== "string") {
      throw new DatasetError(
        "bad-option",
        "rename",
        `the new name of "${field}" must be a string and is ${show(name)}.`,
      );
    }
    if (renamed.has(name)) {
      throw new DatasetError(
        "bad-field",
        "rename",
        `two fields would be called "${name}". Rename the other one as well.`,
      );
    }
    renamed.set(name, source);
  }
  return renamed;
}

/**
 * The examples `rows` of every source; each row must be below their length.
 *
 * @throws DatasetError `empty` when there are none.
 */
export function pickedSources(sources: Sources, operation: string, rows: Uint32Array): Sources {
  if (rows.length === 0) throw new DatasetError("empty", operation, `would leave no example.`);
  return mapSources(sources, (source) => pick(source, rows));
}

/** `fn` of every source. */
export function mapSources<T>(sources: Sources, fn: (source: Source) => T): Map<string, T> {
  return new Map(Array.from(sources, ([name, source]) => [name, fn(source)]));
}

/**
 * `indices` as row numbers of a data set of `length` examples.
 *
 * @throws DatasetError `bad-option` for an index that isn't a whole number from 0 to `length` − 1.
 */
export function checkRows(operation: string, length: number, indices: Iterable<number>): Uint32Array {
  return Uint32Array.from(indices, (index) => {
    if (Number.isInteger(index) && index >= 0 && index < length) return index;
    throw new DatasetError(
      "bad-option",
      operation,
      `there is no example ${show(index)}; the ${length} examples are counted from 0.`,
    );
  });
}
