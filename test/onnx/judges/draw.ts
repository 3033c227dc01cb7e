import { type DType, type TensorValue, elementCount, valueOf } from "@adjoint/ir/values";

/** The seed of all draws of a run; another from the environment, to look further. */
export const seed: number = Number(process.env["ADJOINT_SEED"] ?? 20_261);

/** Draws from a seed: the same on every machine. */
export class Draw {
  #state: number;

  constructor(from: number) {
    this.#state = Math.imul(from + 1, 0x9e3779b1) | 0;
  }

  /** From 0 up to 1, by xorshift and a multiplication. */
  number(): number {
    let state = (this.#state = (this.#state + 0x6d2b79f5) | 0);
    state = Math.imul(state ^ (state >>> 15), state | 1);
    state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
    return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both among them. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.number() * (high - low + 1));
  }

  of<T>(first: T, ...others: readonly T[]): T {
    return [first, ...others][this.whole(0, others.length)] ?? first;
  }

  /** A size: any up to `high`, or as likely one beside a power of two, where kernels change their way. */
  size(high: number): number {
    const near = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 127, 128, 129];
    const fitting = near.filter((size) => size <= high);
    return this.whole(0, 1) === 0 ? this.whole(1, high) : (fitting[this.whole(0, fitting.length - 1)] ?? 1);
  }

  /** Numbers from −scale to scale around `middle`. */
  tensor(dtype: DType, shape: readonly number[], scale = 1, middle = 0): TensorValue {
    const list = Array.from({ length: elementCount(shape) }, () => middle + scale * (2 * this.number() - 1));
    return valueOf(dtype, shape, list);
  }

  /** Whole numbers from `low` to `high`. */
  wholes(dtype: DType, shape: readonly number[], low: number, high: number): TensorValue {
    return valueOf(
      dtype,
      shape,
      Array.from({ length: elementCount(shape) }, () => this.whole(low, high)),
    );
  }
}
