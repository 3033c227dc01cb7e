import { type DType, at, isDType } from "@adjoint/ir/values";
import { checked, custom, maximum, oneOf, strictObject, whole, withDefault } from "@adjoint/ir/schema";
import { type Batches, type BatchOptions, batches } from "./batches.ts";
import type { Column } from "./column.ts";
import { cast, mapped, oneHotOf } from "./convert.ts";
import { type CastDType, type FloatDType, isCastable, isNumber, type NumberDType } from "./dtype.ts";
import { DatasetError } from "./error.ts";
import type { Columns, ExampleTypes, Fields, FieldsOf, Names, Renamed, Retyped } from "./fields.ts";
import {
  type Normalization,
  normalized,
  type RangeNormalization,
  type Standardization,
} from "./normalize.ts";
import { parseOptions } from "./options.ts";
import { identity, permutation, RandomStream } from "./random.ts";
import { resized, type ResizeOptions } from "./resize.ts";
import { read, type Source, StoredSource } from "./source.ts";
import {
  castableOf,
  checkRows,
  mapSources,
  numbersOf,
  pickedSources,
  renamedSources,
  sourceOf,
  type Sources,
  storedSources,
} from "./sources.ts";
import { type SplitOptions, splitRows } from "./split.ts";
import { rangeOf, standardizationOf, type StatisticsOptions } from "./statistics.ts";

/**
 * A data set of the given columns. Their arrays are shared: don't write to them afterwards.
 *
 * @throws DatasetError `bad-option`, `bad-dtype`, `bad-shape` or `empty` for what isn't a set of columns.
 */
export function dataset<F extends Fields>(columns: Columns<F>): Dataset<F> {
  return new Dataset(storedSources(columns));
}

/** Element type of a computed column. */
export interface DTypeOption<D extends DType> {
  /** Default: `"f32"`. */
  readonly dtype?: D;
}

const floatSchema = strictObject({
  dtype: withDefault(oneOf(["f32", "f64"], 'must be "f32" or "f64"'), "f32"),
});
const numberSchema = strictObject({
  dtype: withDefault(
    custom<NumberDType>(
      (dtype) => isDType(dtype) && isNumber(dtype),
      "must be f64, f32, i32, i16, i8, u32, u16, u8 or bool",
    ),
    "f32",
  ),
});
const castSchema = custom<CastDType>(
  (dtype) => isDType(dtype) && isCastable(dtype),
  "must be the name of an element type that isn't f16 or bf16",
);

/**
 * Examples in named columns; make one with `dataset`. Immutable: every method gives a new data set, and columns that
 * it leaves alone are shared.
 *
 * `F` states the fields and their element types, for example `{ images: "f32"; labels: "i32" }`. Every method may throw
 * a `DatasetError`: `bad-option` for a wrong argument, `bad-field` for an unknown field, `bad-dtype` for a field of an
 * element type that it can't take, `empty` when no example would be left.
 */
export class Dataset<F extends Fields> {
  /** Number of examples, at least 1. */
  readonly length: number;
  /** Element type and shape of one example, by field. */
  readonly fields: ExampleTypes<F>;
  readonly #sources: Sources;

  /** `sources` has, for each field of `F`, one of its element type. */
  constructor(sources: Sources) {
    this.length = at([...sources.values()], 0).length;
    // The caller's promise: the sources are those of F.
    this.fields = Object.fromEntries(
      mapSources(sources, ({ dtype, shape }) => ({ dtype, shape })),
    ) as ExampleTypes<F>;
    this.#sources = sources;
  }

  /** The batches of one pass. The result can be iterated over again and again. */
  batches(options: BatchOptions): Batches<F> {
    return batches(this.#sources, this.length, options);
  }

  /** All examples of one field in a new array, of shape [length, …]. */
  column<K extends keyof F & string>(field: K): Column<F[K]> {
    // The constructor's promise: the source has the element type of its field.
    return read(sourceOf(this.#sources, "column", field)) as Column<F[K]>;
  }

  /** All examples in new arrays, of shape [length, …]. */
  columns(): Columns<F> {
    // The constructor's promise: the sources are those of F.
    return Object.fromEntries(mapSources(this.#sources, (source) => read(source))) as Columns<F>;
  }

  /** One example in new arrays, without the axis of examples; a negative index counts from the end. */
  at(index: number): Columns<F> {
    const rows = checkRows("at", this.length, [index < 0 ? index + this.length : index]);
    const example = mapSources(this.#sources, (source) => ({ ...read(source, rows), shape: source.shape }));
    // The constructor's promise: the sources are those of F.
    return Object.fromEntries(example) as Columns<F>;
  }

  /** The examples of the given indices, in that order; an index may come more than once. */
  pick(indices: Iterable<number>): Dataset<F> {
    return this.#pick("pick", checkRows("pick", this.length, indices));
  }

  /** The first `count` examples; there must be as many. */
  take(count: number): Dataset<F> {
    const end = parseOptions(
      "take",
      checked(whole(1), maximum(this.length, `must be at most ${this.length}`)),
      count,
    );
    return this.#pick("take", identity(end));
  }

  /** All but the first `count` examples. */
  skip(count: number): Dataset<F> {
    return this.#pick("skip", identity(this.length).subarray(parseOptions("skip", whole(0), count)));
  }

  /** All examples in a random order that is a function of `seed` and `length` alone. */
  shuffle(seed: number): Dataset<F> {
    const random = new RandomStream(parseOptions("shuffle", whole(0), seed), "shuffle");
    return this.#pick("shuffle", permutation(this.length, random));
  }

  /**
   * Two data sets that share no example. `validation` is a count from 1, or a fraction between 0 and 1 that is rounded
   * to the nearest count.
   */
  split(
    validation: number,
    options: SplitOptions = {},
  ): { readonly train: Dataset<F>; readonly validation: Dataset<F> } {
    const rows = splitRows(this.length, validation, options);
    return { train: this.#pick("split", rows.train), validation: this.#pick("split", rows.validation) };
  }

  /** The named fields alone. */
  select<K extends keyof F & string>(...fields: readonly K[]): Dataset<Pick<F, K>> {
    if (fields.length === 0) throw new DatasetError("bad-option", "select", "name at least one field.");
    return new Dataset(new Map(fields.map((field) => [field, sourceOf(this.#sources, "select", field)])));
  }

  /** The same columns under other names: `rename({ images: "x" })`. */
  rename<const M extends Names<F>>(names: M): Dataset<Renamed<F, M>> {
    return new Dataset(renamedSources(this.#sources, names));
  }

  /**
   * The data set of the columns that `fn` makes of these. `fn` gets new arrays and may return them, changed or not,
   * with other fields or another number of examples.
   */
  map<G extends Fields>(fn: (columns: Columns<F>) => Columns<G>): Dataset<G> {
    return dataset(fn(this.columns()));
  }

  /**
   * `fn` applied to each element of a field; results are rounded to `dtype`.
   *
   * @throws DatasetError `bad-value` when `dtype` can't hold a result.
   */
  mapValues<K extends FieldsOf<F, NumberDType>, D extends NumberDType = "f32">(
    field: K,
    fn: (value: number) => number,
    options: DTypeOption<D> = {},
  ): Dataset<Retyped<F, K, D>> {
    const { dtype } = parseOptions<{ dtype: NumberDType }>("mapValues", numberSchema, options);
    return this.#with(
      field,
      new StoredSource(mapped(numbersOf(this.#sources, "mapValues", field), fn, dtype)),
    );
  }

  /**
   * A field as another element type. Floats are rounded to its precision; no other change of value is allowed.
   *
   * @throws DatasetError `bad-value` for a value that `dtype` can't hold: 0.5 as i32, 300 as u8.
   */
  cast<K extends FieldsOf<F, CastDType>, D extends CastDType>(field: K, dtype: D): Dataset<Retyped<F, K, D>> {
    const target = parseOptions("cast", castSchema, dtype);
    const source = castableOf(this.#sources, "cast", field);
    return this.#with(field, source.dtype === target ? source : new StoredSource(cast(source, target)));
  }

  /**
   * A field on another linear scale, computed in f64 when a batch is read: nothing is stored.
   *
   * Pass the result of `standardization` or `range` of the training set to normalize all sets alike.
   *
   * @throws DatasetError `bad-shape` when lists have neither the length of the example nor that of its last axis.
   */
  normalize<K extends FieldsOf<F, NumberDType>, D extends FloatDType = "f32">(
    field: K,
    normalization: Normalization,
    options: DTypeOption<D> = {},
  ): Dataset<Retyped<F, K, D>> {
    const { dtype } = parseOptions<{ dtype: FloatDType }>("normalize", floatSchema, options);
    return this.#with(field, normalized(numbersOf(this.#sources, "normalize", field), normalization, dtype));
  }

  /**
   * Mean and standard deviation of a field, for `normalize`.
   *
   * The deviation divides by the number of values, not by one less; that of a constant is given as 1.
   *
   * @throws DatasetError `bad-value` when there is a NaN or an infinity.
   */
  standardization(field: FieldsOf<F, NumberDType>, options: StatisticsOptions = {}): Standardization {
    return standardizationOf(numbersOf(this.#sources, "standardization", field), options);
  }

  /**
   * Smallest and largest value of a field, for `normalize`. Where they are the same, the largest is given as 1 more.
   *
   * @throws DatasetError `bad-value` when there is a NaN or an infinity.
   */
  range(field: FieldsOf<F, NumberDType>, options: StatisticsOptions = {}): RangeNormalization {
    return rangeOf(numbersOf(this.#sources, "range", field), options);
  }

  /**
   * Class indices as rows of zeros with a one: shape [length, …] becomes [length, …, classes], f32.
   *
   * @throws DatasetError `bad-value` for a label that isn't a whole number from 0 to `classes` − 1.
   */
  oneHot<K extends FieldsOf<F, CastDType>>(field: K, classes: number): Dataset<Retyped<F, K, "f32">> {
    const count = parseOptions("oneHot classes", whole(1), classes);
    return this.#with(field, new StoredSource(oneHotOf(castableOf(this.#sources, "oneHot", field), count)));
  }

  /**
   * Images of shape [height, width], or of rank 3 with channels, at another size, as f32.
   *
   * @throws DatasetError `bad-shape` when the examples aren't images.
   */
  resize<K extends FieldsOf<F, NumberDType>>(
    field: K,
    size: readonly [height: number, width: number],
    options: ResizeOptions = {},
  ): Dataset<Retyped<F, K, "f32">> {
    return this.#with(
      field,
      new StoredSource(resized(numbersOf(this.#sources, "resize", field), size, options)),
    );
  }

  /** The same examples computed and laid out in memory, so that batches only copy them. */
  cache(): Dataset<F> {
    return new Dataset(mapSources(this.#sources, (source) => new StoredSource(read(source))));
  }

  #pick(operation: string, rows: Uint32Array): Dataset<F> {
    return new Dataset(pickedSources(this.#sources, operation, rows));
  }

  #with<G extends Fields>(field: string, source: Source): Dataset<G> {
    return new Dataset(new Map(this.#sources).set(field, source));
  }
}
