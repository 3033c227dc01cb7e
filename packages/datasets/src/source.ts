import { type DType, type DataOf, type TypedArray, elementCount } from "@adjoint/ir/values";
import { allocate } from "./dtype.ts";
import { type Column } from "./column.ts";
import { identity } from "./random.ts";

/** The examples of one column. Immutable: two data sets may share one. */
export interface Source<D extends DType = DType> {
  readonly dtype: D;
  /** Number of examples. */
  readonly length: number;
  /** Shape of one example. */
  readonly shape: readonly number[];
  /** Writes the examples `rows[from]` … `rows[to − 1]` to the beginning of `out`, one after the other. */
  gather(rows: Uint32Array, from: number, to: number, out: DataOf<D>): void;
}

/** Examples in memory, one after the other. */
export class StoredSource<D extends DType> implements Source<D> {
  readonly dtype: D;
  readonly length: number;
  readonly shape: readonly number[];
  readonly #data: DataOf<D>;
  readonly #size: number;

  /** Shares `column.data`; the column must have passed `checkColumn`. */
  constructor(column: Column<D>) {
    const [length = 0, ...shape] = column.shape;
    this.dtype = column.dtype;
    this.length = length;
    this.shape = shape;
    this.#data = column.data;
    this.#size = elementCount(shape);
  }

  gather(rows: Uint32Array, from: number, to: number, out: DataOf<D>): void {
    copyRows(this.#data, this.#size, rows, from, to, out);
  }
}

/** Some examples of another source, in another order. */
class PickedSource<D extends DType> implements Source<D> {
  readonly dtype: D;
  readonly length: number;
  readonly shape: readonly number[];
  readonly from: Source<D>;
  readonly rows: Uint32Array;
  /** Row numbers of one `gather`, kept so that a batch allocates nothing. */
  #inner: Uint32Array = new Uint32Array(0);

  constructor(source: Source<D>, rows: Uint32Array) {
    this.dtype = source.dtype;
    this.length = rows.length;
    this.shape = source.shape;
    this.from = source;
    this.rows = rows;
  }

  gather(rows: Uint32Array, from: number, to: number, out: DataOf<D>): void {
    const count = to - from;
    if (this.#inner.length < count) this.#inner = new Uint32Array(count);
    compose(this.rows, rows, from, to, this.#inner);
    this.from.gather(this.#inner, 0, count, out);
  }
}

/** The examples `rows` of `source`, in that order; each must be below `source.length`. */
export function pick<D extends DType>(source: Source<D>, rows: Uint32Array): Source<D> {
  if (!(source instanceof PickedSource)) return new PickedSource(source, rows);
  // One step of indirection however often a data set is shuffled, split and taken from.
  const composed = new Uint32Array(rows.length);
  compose(source.rows, rows, 0, rows.length, composed);
  return new PickedSource<D>(source.from, composed);
}

/** The given examples of `source`, or all, in a new array. */
export function read<D extends DType>(
  source: Source<D>,
  rows: Uint32Array = identity(source.length),
): Column<D> {
  const data = allocate(source.dtype, rows.length * elementCount(source.shape));
  source.gather(rows, 0, rows.length, data);
  return { dtype: source.dtype, shape: [rows.length, ...source.shape], data };
}

/** Elements of the pieces in which a source is read through: few enough to stay in a processor's cache. */
const pieceElements = 2 ** 16;

/** Calls `visit` with the elements of a few examples after another, up to `count` of them, from example `from` on. */
export function forEachPiece<D extends DType>(
  source: Source<D>,
  visit: (values: DataOf<D>, count: number, from: number) => void,
): void {
  const size = elementCount(source.shape);
  const step = Math.min(source.length, Math.max(1, Math.floor(pieceElements / size)));
  const rows = identity(source.length);
  const values = allocate(source.dtype, step * size);
  for (let from = 0; from < source.length; from += step) {
    const to = Math.min(from + step, source.length);
    source.gather(rows, from, to, values);
    visit(values, (to - from) * size, from);
  }
}

function compose(outer: Uint32Array, rows: Uint32Array, from: number, to: number, out: Uint32Array): void {
  for (let index = from; index < to; index++) out[index - from] = outer[rows[index] ?? 0] ?? 0;
}

/** Below this many elements a loop beats `TypedArray.set`, which needs a view for each example. */
const loopLimit = 16;

function copyRows(
  data: TypedArray,
  size: number,
  rows: Uint32Array,
  from: number,
  to: number,
  out: TypedArray,
): void {
  if (isBig(data)) {
    if (isBig(out)) copyElements(data, size, rows, from, to, out);
  } else if (!isBig(out)) copyElements(data, size, rows, from, to, out);
}

interface Elements<E> {
  [index: number]: E;
  set(values: ArrayLike<E>, offset: number): void;
  subarray(begin: number, end: number): ArrayLike<E>;
}

function copyElements<E>(
  data: Elements<E>,
  size: number,
  rows: Uint32Array,
  from: number,
  to: number,
  out: Elements<E>,
): void {
  let target = 0;
  for (let index = from; index < to; index++) {
    const begin = (rows[index] ?? 0) * size;
    if (size >= loopLimit) out.set(data.subarray(begin, begin + size), target);
    else {
      for (let element = 0; element < size; element++) {
        const value = data[begin + element];
        if (value !== undefined) out[target + element] = value;
      }
    }
    target += size;
  }
}

function isBig(data: TypedArray): data is BigInt64Array | BigUint64Array {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}
