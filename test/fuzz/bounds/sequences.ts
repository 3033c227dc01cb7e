import type { Tensor } from "@adjoint/ir";
import { type TensorValue, elementCount, zeroValue } from "@adjoint/ir/values";
import { type Bounds, bounds, exactly } from "./bounds.ts";

/** The bounds of one slice of a sequence. */
export function sliceAt({ value, low, high, nan, exact }: Bounds, position: number): Bounds {
  const shape = value.shape.slice(1);
  const size = elementCount(shape);
  const [from, to] = [position * size, (position + 1) * size];
  const cut: TensorValue = { dtype: value.dtype, shape, data: value.data.slice(from, to) };
  return exact ? exactly(cut) : bounds(cut, low.slice(from, to), high.slice(from, to), nan.slice(from, to));
}

/** Results of steps, one after the other. */
export class Stack {
  readonly #shape: readonly number[];
  readonly #dtype: TensorValue["dtype"];
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #nan: Uint8Array;

  constructor(output: Tensor, length: number) {
    const shape = output.shape.map(Number);
    const count = elementCount(shape);
    this.#shape = shape;
    this.#dtype = output.dtype;
    this.#low = new Float64Array(count);
    this.#high = new Float64Array(count);
    this.#nan = new Uint8Array(count);
    this.#parts = Array.from({ length });
  }

  readonly #parts: (TensorValue | undefined)[];

  put(position: number, { value, low, high, nan }: Bounds): void {
    const from = position * value.data.length;
    this.#parts[position] = value;
    this.#low.set(low, from);
    this.#high.set(high, from);
    this.#nan.set(nan, from);
  }

  finish(): Bounds {
    const value = joined(this.#dtype, this.#shape, this.#parts);
    return bounds(value, this.#low, this.#high, this.#nan);
  }
}

function joined(
  dtype: TensorValue["dtype"],
  shape: readonly number[],
  parts: readonly (TensorValue | undefined)[],
): TensorValue {
  const value = zeroValue(dtype, shape);
  const bytes = new Uint8Array(value.data.buffer);
  let from = 0;
  for (const part of parts) {
    if (part === undefined) continue;
    bytes.set(new Uint8Array(part.data.buffer, part.data.byteOffset, part.data.byteLength), from);
    from += part.data.byteLength;
  }
  return value;
}
