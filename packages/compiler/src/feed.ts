import {
  AdjointError,
  type DType,
  type Graph,
  type Scalar,
  type Shape,
  type Tensor,
  type TensorValue,
  type TypedArray,
  dimSymbols,
  dtypeInfo,
  elementCount,
  isStatic,
  shapeText,
  typeText,
} from "@adjoint/ir";

/** Host data for an input: with its shape, or a bare array where the declared shape and the length leave no doubt. */
export type Feed =
  | TypedArray
  | Scalar
  | { readonly data: TypedArray; readonly shape: readonly number[]; readonly dtype?: DType };

export type Feeds<I extends string = string> = { readonly [input in I]: Feed };

/** A feed that fits its input. */
export interface CheckedFeed {
  readonly name: string;
  readonly data: TypedArray;
  readonly shape: readonly number[];
}

/** The feeds of a graph's inputs, in order. @throws AdjointError naming the input that is missing, extra or unfit. */
export function checkFeeds(entry: string, graph: Graph, feeds: Feeds): readonly CheckedFeed[] {
  const names = Object.keys(graph.inputs);
  for (const name of Object.keys(feeds)) {
    if (!(name in graph.inputs)) {
      throw new AdjointError(
        "feed",
        `run "${entry}"`,
        `"${name}" is not an input`,
        `The inputs are ${names.join(", ") || "none"}.`,
      );
    }
  }
  return names.map((name) => {
    const tensor = graph.inputs[name];
    const feed = feeds[name];
    if (tensor === undefined || feed === undefined) {
      throw new AdjointError(
        "feed",
        `run "${entry}"`,
        `input "${name}" (${tensor === undefined ? "" : typeText(tensor.type)}) was not fed`,
      );
    }
    return checkFeed(`run "${entry}": input "${name}"`, name, tensor, feed);
  });
}

function checkFeed(operation: string, name: string, tensor: Tensor, feed: Feed): CheckedFeed {
  const { dtype } = tensor;
  const expected = dtypeInfo[dtype].array;
  if (typeof feed === "number" || typeof feed === "bigint") {
    if (tensor.rank !== 0)
      throw new AdjointError("feed", operation, `is ${typeText(tensor.type)} and was fed the number ${feed}`);
    const data = new expected(1);
    data[0] = dtypeInfo[dtype].big ? BigInt(feed) : Number(feed);
    return { name, data, shape: [] };
  }
  const bare = ArrayBuffer.isView(feed);
  const data = bare ? feed : feed.data;
  if (!(data instanceof expected)) {
    throw new AdjointError(
      "feed",
      operation,
      `is ${typeText(tensor.type)}, which wants a ${expected.name}, and was fed a ${data?.constructor?.name ?? typeof data}`,
    );
  }
  if (!bare && feed.dtype !== undefined && feed.dtype !== dtype) {
    throw new AdjointError(
      "feed",
      operation,
      `is ${typeText(tensor.type)} and was fed ${typeText({ dtype: feed.dtype, shape: feed.shape })}`,
    );
  }
  const shape = bare ? shapeFrom(operation, tensor.shape, data.length) : feed.shape;
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

  /** The element of a tensor of one element, as the storage holds it. @throws AdjointError for more elements. */
  item(): number {
    if (this.#first === undefined) {
      throw new AdjointError(
        "shape",
        "item",
        `${typeText(this)} has ${this.data.length} elements`,
        "Read .data.",
      );
    }
    return Number(this.#first);
  }
}
