import { type DataOf, at, elementCount } from "@adjoint/ir/values";
import { type FloatDType, type NumberDType, allocate } from "./dtype.ts";
import type { Source } from "./source.ts";

/**
 * (x − shift) ÷ divisor, computed in f64 when a batch is gathered: a column of u8 pixels stays one byte a pixel.
 *
 * `shift` and `divisor` have one value for all elements, or one for each position: of the whole example, or of its
 * last axis (the length must divide the example's number of elements).
 */
export class AffineSource<D extends FloatDType> implements Source<D> {
  readonly dtype: D;
  readonly length: number;
  readonly shape: readonly number[];
  readonly #from: Source<NumberDType>;
  readonly #size: number;
  readonly #shift: Float64Array;
  readonly #divisor: Float64Array;
  /** Elements of one `gather` before the computation, kept so that a batch allocates nothing. */
  #values: DataOf<NumberDType>;

  constructor(source: Source<NumberDType>, dtype: D, shift: Float64Array, divisor: Float64Array) {
    this.dtype = dtype;
    this.length = source.length;
    this.shape = source.shape;
    this.#from = source;
    this.#size = elementCount(source.shape);
    this.#shift = shift;
    this.#divisor = divisor;
    this.#values = allocate(source.dtype, 0);
  }

  gather(rows: Uint32Array, from: number, to: number, out: DataOf<D>): void {
    const count = (to - from) * this.#size;
    if (this.#values.length < count) this.#values = allocate(this.#from.dtype, count);
    this.#from.gather(rows, from, to, this.#values);
    if (this.#shift.length === 1) scale(this.#values, at(this.#shift, 0), at(this.#divisor, 0), count, out);
    else scaleEach(this.#values, this.#shift, this.#divisor, count, out);
  }
}

function scale(
  values: DataOf<NumberDType>,
  shift: number,
  divisor: number,
  count: number,
  out: DataOf<FloatDType>,
): void {
  for (let index = 0; index < count; index++) out[index] = ((values[index] ?? 0) - shift) / divisor;
}

function scaleEach(
  values: DataOf<NumberDType>,
  shift: Float64Array,
  divisor: Float64Array,
  count: number,
  out: DataOf<FloatDType>,
): void {
  const period = shift.length;
  for (let begin = 0; begin < count; begin += period) {
    for (let index = 0; index < period; index++) {
      out[begin + index] = ((values[begin + index] ?? 0) - (shift[index] ?? 0)) / (divisor[index] ?? 1);
    }
  }
}
