import {
  AdjointError,
  type DType,
  type Scalar,
  type Shape,
  type TensorType,
  type TensorValue,
  type TypedArray,
  bf16ToNumber,
  dimSymbols,
  dtypeInfo,
  dtypeRange,
  elementCount,
  f16ToNumber,
  isFloat,
  isStatic,
  own,
  shapeText,
  typeText,
  valueOf,
} from "@adjoint/ir/values";

/** Host data for an input: with its shape, or a bare array if the declared shape and the length leave no doubt. */
export type Feed =
  | TypedArray
  | Scalar
  | { readonly data: TypedArray; readonly shape: readonly number[]; readonly dtype?: DType };

export type Feeds<I extends string = string> = { readonly [input in I]: Feed };

/** Inputs as declared, by name. */
export type Inputs = { readonly [input: string]: TensorType };

/** A feed that fits its input. */
export interface CheckedFeed {
  readonly name: string;
  readonly data: TypedArray;
  readonly shape: readonly number[];
}

/** Sizes of feeds as a text, equal where all sizes are. */
export function sizesKey(feeds: readonly { readonly shape: readonly number[] }[]): string {
  let key = "";
  for (const { shape } of feeds) key += `${shape.join()};`;
  return key;
}

/** The feeds of an entry's inputs, in order. @throws AdjointError naming the input that is missing, extra or unfit. */
export function checkFeeds(entry: string, inputs: Inputs, feeds: Feeds): readonly CheckedFeed[] {
  const names = Object.keys(inputs);
  for (const name of Object.keys(feeds)) {
    if (!Object.hasOwn(inputs, name)) {
      throw new AdjointError(
        "feed",
        `run "${entry}"`,
        `"${name}" is not an input`,
        `The inputs are ${names.join(", ") || "none"}.`,
      );
    }
  }
  return names.map((name) => {
    const type = own(inputs, name);
    const feed = own(feeds, name);
    if (type === undefined || feed === undefined) {
      throw new AdjointError(
        "feed",
        `run "${entry}"`,
        `input "${name}" (${type === undefined ? "" : typeText(type)}) was not fed`,
      );
    }
    return checkFeed(`run "${entry}": input "${name}"`, name, type, feed);
  });
}

function checkFeed(operation: string, name: string, type: TensorType, feed: Feed): CheckedFeed {
  const { dtype } = type;
  const expected = dtypeInfo[dtype].array;
  if (typeof feed === "number" || typeof feed === "bigint") {
    if (type.shape.length !== 0)
      throw new AdjointError("feed", operation, `is ${typeText(type)} and was fed the number ${feed}`);
    const [low, high] = dtypeRange(dtype);
    const isWhole = typeof feed === "bigint" || Number.isInteger(feed);
    if (!isFloat(dtype) && (!isWhole || feed < low || feed > high)) {
      throw new AdjointError(
        "feed",
        operation,
        `is ${typeText(type)} and was fed ${feed}`,
        `Feed a whole number from ${low} to ${high}.`,
      );
    }
    return { name, data: valueOf(dtype, [], [feed]).data, shape: [] };
  }
  const bare = ArrayBuffer.isView(feed);
  // Callers without types may feed anything.
  const data = bare ? feed : feed?.data;
  if (!(data instanceof expected)) {
    const given: unknown = data ?? feed;
    throw new AdjointError(
      "feed",
      operation,
      `is ${typeText(type)}, which wants a ${expected.name}, and was fed ${given?.constructor.name ?? String(given)}`,
    );
  }
  if (!bare && feed.dtype !== undefined && feed.dtype !== dtype) {
    throw new AdjointError(
      "feed",
      operation,
      `is ${typeText(type)} and was fed ${typeText({ dtype: feed.dtype, shape: feed.shape })}`,
    );
  }
  const shape = bare ? shapeFrom(operation, type.shape, data.length) : feed.shape;
  if (elementCount(shape) !== data.length) {
    throw new AdjointError(
      "feed",
      operation,
      `was fed ${data.length} elements for shape ${shapeText(shape)}`,
    );
  }
  return { name, data, shape };
}

/** The shape of a bare array: the declared one, or with its one symbolic axis solved by the length. */
function shapeFrom(operation: string, declared: Shape, length: number): readonly number[] {
  if (isStatic(declared)) return declared;
  const known = declared.filter((size): size is number => typeof size === "number");
  const open = declared.filter((size) => typeof size !== "number");
  const size = length / elementCount(known);
  const [symbol] = open;
  if (
    open.length !== 1 ||
    symbol === undefined ||
    dimSymbols(symbol).join() !== String(symbol) ||
    !Number.isInteger(size)
  ) {
    throw new AdjointError(
      "feed",
      operation,
      `is ${shapeText(declared)} and ${length} elements don't tell its shape`,
      "Feed { data, shape }.",
    );
  }
  return declared.map((declaredSize) => (typeof declaredSize === "number" ? declaredSize : size));
}

/** An output of a run: a value of its own, which later runs don't change. */
export class Output implements TensorValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly #first: Scalar | undefined;
  #data: TypedArray | undefined;

  /** @param view memory that the next run may overwrite; it is copied, a single element as a plain number. */
  constructor(dtype: DType, shape: readonly number[], view: TypedArray) {
    this.dtype = dtype;
    this.shape = shape;
    // A loss read on every step makes no array.
    if (view.length === 1) this.#first = view[0];
    else this.#data = view.slice();
  }

  get data(): TypedArray {
    if (this.#data === undefined) {
      this.#data = new dtypeInfo[this.dtype].array(1);
      if (this.#first !== undefined) this.#data[0] = this.#first;
    }
    return this.#data;
  }

  /** The element of a tensor of one element; i64 and u64 lose what a double can't hold. @throws AdjointError for more elements. */
  item(): number {
    if (this.#first === undefined) {
      throw new AdjointError(
        "shape",
        "item",
        `${typeText(this)} has ${this.data.length} elements`,
        "Read .data.",
      );
    }
    const first = Number(this.#first);
    if (this.dtype === "f16") return f16ToNumber(first);
    return this.dtype === "bf16" ? bf16ToNumber(first) : first;
  }
}
