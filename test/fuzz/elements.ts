import {
  type DType,
  type Scalar,
  type TensorValue,
  dtypeInfo,
  dtypeRange,
  elementCount,
  isFloat,
  valueOf,
} from "@adjoint/ir/values";

/** Pseudorandom words from a seed. Source: the finalizer of MurmurHash3 over a counter. */
export class Words {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let hash = this.#state;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  /** From 0 to below 1. */
  unit(): number {
    return this.next() / 2 ** 32;
  }
}

/** Kinds of elements that one tensor may have, from the plainest on. A "jump" is 0, or beyond every axis, in half of the rounds each. */
export type Manner = "halves" | "plain" | "same" | "small" | "wide" | "special" | "jump";

/** More than an axis has. */
const BEYOND = 100_000;

const HALVES = [1, 2, -1, 0.5, 0, 3, -2, -0.5, 1.5, -3];
const special = (dtype: DType): readonly number[] => {
  const [huge, tiny] = dtype === "f64" ? [1.7e308, 5e-324] : dtype === "f16" ? [65504, 6e-8] : [3e38, 1e-45];
  return [NaN, Infinity, -Infinity, -0, 0, huge, -huge, tiny, -tiny];
};

function floats(dtype: DType, manner: Manner, words: Words): () => number {
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(words.unit() + 1e-10)) * Math.cos(2 * Math.PI * words.unit());
  const half = (): number => HALVES[words.next() % HALVES.length] ?? 0;
  const list = special(dtype);
  const rules: { readonly [M in Manner]: () => number } = {
    halves: half,
    plain: normal,
    same: half,
    small: () => normal() * 1e-3,
    wide: () => normal() * 10 ** (6 * words.unit() - 3),
    special: () => (words.next() % 8 === 0 ? (list[words.next() % list.length] ?? 0) : normal()),
    jump: half,
  };
  return rules[manner];
}

function integers(dtype: DType, manner: Manner, words: Words): () => Scalar {
  const [low, high] = dtypeRange(dtype);
  const { big, bytes } = dtypeInfo[dtype];
  const fit = (x: number): Scalar => {
    const held = Math.min(Math.max(x, Number(low)), Number(high));
    return big ? BigInt(Math.trunc(held)) : held;
  };
  const small = (): Scalar => fit((words.next() % 12) - 4);
  const whole = (): Scalar => {
    if (!big)
      return low === 0 ? words.next() % 2 ** (bytes * 8) : (words.next() % 2 ** (bytes * 8)) + Number(low);
    const bits = (BigInt(words.next()) << 32n) | BigInt(words.next());
    return low < 0 ? BigInt.asIntN(64, bits) : bits;
  };
  const extreme = (): Scalar => (words.next() % 8 === 0 ? (words.next() % 2 === 0 ? low : high) : small());
  const jump = (): Scalar => (words.next() % 2 === 0 ? fit(0) : fit(BEYOND));
  const rules: { readonly [M in Manner]?: () => Scalar } = { wide: whole, special: extreme, jump };
  return rules[manner] ?? small;
}

/** A value with random elements. */
export function randomValue(
  dtype: DType,
  shape: readonly number[],
  manner: Manner,
  words: Words,
): TensorValue {
  const element: () => Scalar =
    dtype === "bool"
      ? () => words.next() % 2
      : isFloat(dtype)
        ? floats(dtype, manner, words)
        : integers(dtype, manner, words);
  const same = manner === "same" ? element() : undefined;
  return valueOf(
    dtype,
    shape,
    Array.from({ length: elementCount(shape) }, () => same ?? element()),
  );
}
