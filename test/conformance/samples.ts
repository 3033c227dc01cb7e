import {
  type DType,
  type Scalar,
  type TensorValue,
  dtypeInfo,
  dtypeRange,
  dtypes,
  valueOf,
} from "@adjoint/ir/values";

export const floats = ["f64", "f32", "f16", "bf16"] as const;
export const integers = ["i64", "i32", "i16", "i8", "u64", "u32", "u16", "u8"] as const;
export const signed = [...floats, "i64", "i32", "i16", "i8"] as const;
export const numeric = [...floats, ...integers] as const;
export const all: readonly DType[] = dtypes;

/** Finite floats of every sign and size that f16 holds as well. */
export const floatSample: readonly number[] = [
  -6.5, -3, -2, -1.25, -1, -0.5, -0.1, 0, 0.1, 0.5, 0.75, 1, 1.5, 2, 3, 6.5,
];

/** Small whole numbers, the ends of the type and, for 64 bits, what a double can't hold. */
export function integerSample(dtype: DType): readonly Scalar[] {
  const [low, high] = dtypeRange(dtype);
  const small =
    dtypeInfo[dtype].class === "uint" ? [0, 1, 2, 3, 7, 100] : [-100, -7, -2, -1, 0, 1, 2, 3, 7, 100];
  if (typeof low === "number" && typeof high === "number") return [low, low + 1, ...small, high - 1, high];
  const wide = [2n ** 31n, 2n ** 32n + 1n, 2n ** 53n + 1n];
  const negative = dtypeInfo[dtype].class === "uint" ? [] : wide.map((x) => -x);
  return [
    BigInt(low),
    BigInt(low) + 1n,
    ...negative,
    ...small.map(BigInt),
    ...wide,
    BigInt(high) - 1n,
    BigInt(high),
  ];
}

/** A few elements of any dtype, the interesting ones among them. */
export const sample = (dtype: DType): readonly Scalar[] =>
  dtype === "bool" ? [0, 1, 1, 0] : dtypeInfo[dtype].class === "float" ? floatSample : integerSample(dtype);

/** Values that a comparison of floats must get right. */
export const nonFinite: readonly number[] = [NaN, Infinity, -Infinity, 0, 1, -2.5];

export const vector = (dtype: DType, elements: readonly (Scalar | boolean)[]): TensorValue =>
  valueOf(dtype, [elements.length], elements);

/** Every element of `left` with every element of `right`. */
export function pairs<A, B>(left: readonly A[], right: readonly B[]): { readonly a: A[]; readonly b: B[] } {
  return { a: left.flatMap((x) => right.map(() => x)), b: left.flatMap(() => right) };
}

/** Repeatable numbers in [low, high), by Mulberry32. */
function uniform(count: number, seed: number, low = -1, high = 1): number[] {
  let state = Math.imul(seed, 2654435761) >>> 0;
  return Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return low + ((high - low) * ((word ^ (word >>> 14)) >>> 0)) / 2 ** 32;
  });
}

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** A float value of repeatable numbers. */
export const random = (
  dtype: DType,
  shape: readonly number[],
  seed: number,
  low = -1,
  high = 1,
): TensorValue => valueOf(dtype, shape, uniform(count(shape), seed, low, high));

/** A value of repeatable whole numbers in [low, high). */
export const randomIntegers = (
  dtype: DType,
  shape: readonly number[],
  seed: number,
  low: number,
  high: number,
): TensorValue => valueOf(dtype, shape, uniform(count(shape), seed, low, high).map(Math.floor));

/** Elements of the sample, over and over, in any shape. */
export function filledWith(
  dtype: DType,
  shape: readonly number[],
  from: readonly Scalar[] = sample(dtype),
): TensorValue {
  return valueOf(
    dtype,
    shape,
    Array.from({ length: count(shape) }, (_, index) => from[(index * 3 + 1) % from.length] ?? 0),
  );
}

/** Small distinct-looking values of any dtype: what views move around. */
export const labelled = (dtype: DType, shape: readonly number[]): TensorValue =>
  valueOf(
    dtype,
    shape,
    Array.from({ length: count(shape) }, (_, index) => (dtype === "bool" ? index % 3 === 0 : index % 100)),
  );
