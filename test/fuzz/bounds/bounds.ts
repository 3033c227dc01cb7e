import {
  type DType,
  type TensorValue,
  bf16ToNumber,
  dtypeInfo,
  f16ToNumber,
  isFloat,
  numberToBf16,
  numberToF16,
  toNumbers,
} from "@adjoint/ir/values";

/**
 * What a right backend may give for one tensor: for each element a closed interval around the oracle's value, and whether NaN
 * may be there. An element that is exact has both ends equal; one that is NaN for sure has NaN ends.
 */
export interface Bounds {
  /** The oracle's result. */
  readonly value: TensorValue;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** 1 if NaN may be. */
  readonly nan: Uint8Array;
  /** No element may differ from the oracle's. */
  readonly exact: boolean;
}

/** Bounds of a backend's rounding; intervals hold for every backend within them. */
export interface Arithmetic {
  /** Errors of functions such as exp, in units in the last place of f32 or f64. */
  readonly functions: number;
  /** Errors of division and of square roots, in the same; 0 if they are rounded correctly. */
  readonly division: number;
  /** Sums of f32 and narrower floats are held in doubles; products of matrices may be held in f32 in any case. */
  readonly doubles: boolean;
  /** Subnormal numbers may be read and written as 0. */
  readonly flushes: boolean;
}

/** cpu and WebAssembly: basic arithmetic and sums as in the oracle, functions within 2 units (README of backend-wasm). */
export const hosts: Arithmetic = { functions: 4, division: 0, doubles: true, flushes: false };
/** WebGPU: README of backend-webgpu, "Numbers". */
export const devices: Arithmetic = { functions: 8, division: 4, doubles: false, flushes: true };

export const at = (list: ArrayLike<number>, index: number): number => list[index] ?? NaN;

/** Bounds that hold the oracle's value alone. */
export function exactly(value: TensorValue): Bounds {
  const { dtype, data } = value;
  const isPlain = dtype !== "f16" && dtype !== "bf16" && !dtypeInfo[dtype].big;
  const low = isPlain ? new Float64Array(data as Float64Array) : Float64Array.from(toNumbers(value));
  return { value, low, high: low, nan: nans(low), exact: true };
}

function nans(list: Float64Array): Uint8Array {
  const nan = new Uint8Array(list.length);
  for (let index = 0; index < list.length; index++) nan[index] = Number.isNaN(at(list, index)) ? 1 : 0;
  return nan;
}

/** Bounds that allow anything. */
export function anything(value: TensorValue): Bounds {
  const count = value.data.length;
  return {
    value,
    low: new Float64Array(count).fill(-Infinity),
    high: new Float64Array(count).fill(Infinity),
    nan: new Uint8Array(count).fill(1),
    exact: false,
  };
}

/** Bounds from intervals; exact if all of them are. */
export function bounds(value: TensorValue, low: Float64Array, high: Float64Array, nan: Uint8Array): Bounds {
  let exact = true;
  for (let index = 0; index < low.length && exact; index++)
    exact = isExactAt(at(low, index), at(high, index), at(nan, index));
  return { value, low, high: exact ? low : high, nan, exact };
}

/** One number, or NaN for sure. */
export const isExactAt = (low: number, high: number, nan: number): boolean =>
  low === high ? nan === 0 : Number.isNaN(low);

/** The distance from 1 to the next number. */
export const epsilons: { readonly [D in DType]?: number } = {
  f64: 2 ** -52,
  f32: 2 ** -23,
  f16: 2 ** -10,
  bf16: 2 ** -7,
};
/** The largest finite number of each type. */
export const largest: { readonly [D in DType]?: number } = {
  f64: Number.MAX_VALUE,
  f32: 3.4028234663852886e38,
  f16: 65504,
  bf16: 3.3895313892515355e38,
};
/** The smallest positive number of each type. */
const smallest: { readonly [D in DType]?: number } = {
  f64: 5e-324,
  f32: 2 ** -149,
  f16: 2 ** -24,
  bf16: 2 ** -133,
};

/** The distance of neighbours at `x`, at most. */
export const unitAt = (dtype: DType, x: number): number =>
  Math.abs(x) * (epsilons[dtype] ?? 0) + (smallest[dtype] ?? 0);

/** The type that a backend computes functions of a type in. */
export const computedIn = (dtype: DType): DType => (dtype === "f16" || dtype === "bf16" ? "f32" : dtype);

/** A double rounded to a type's nearest number. */
export function rounded(dtype: DType, x: number): number {
  if (dtype === "f32") return Math.fround(x);
  if (dtype === "f16") return f16ToNumber(numberToF16(x));
  return dtype === "bf16" ? bf16ToNumber(numberToBf16(x)) : x;
}

/** Below this, f32 numbers are subnormal. */
const LEAST_NORMAL = 2 ** -126;

/** The same bounds where subnormal numbers may have become 0. */
export function flushed(given: Bounds): Bounds {
  const { dtype } = given.value;
  if (!isFloat(dtype) || dtype === "f64") return given;
  const touches = (index: number): boolean =>
    at(given.low, index) !== 0 &&
    at(given.low, index) < LEAST_NORMAL &&
    at(given.high, index) > -LEAST_NORMAL;
  let some = false;
  for (let index = 0; index < given.low.length && !some; index++)
    some = touches(index) || (at(given.high, index) !== 0 && Math.abs(at(given.high, index)) < LEAST_NORMAL);
  if (!some) return given;
  const [low, high] = [given.low.slice(), given.high.slice()];
  for (let index = 0; index < low.length; index++) {
    if (at(low, index) > 0 && at(low, index) < LEAST_NORMAL) low[index] = 0;
    if (at(high, index) < 0 && at(high, index) > -LEAST_NORMAL) high[index] = 0;
  }
  return bounds(given.value, low, high, given.nan);
}

/** A value of doubles. */
export const doubles = (shape: readonly number[], data: Float64Array): TensorValue => ({
  dtype: "f64",
  shape,
  data,
});

/** The value of a flag for each element, as doubles. */
export const flags = (shape: readonly number[], list: Uint8Array): TensorValue =>
  doubles(shape, Float64Array.from(list));

/** An element that is NaN or anything if a flag says so. */
export const flagged = (list: TensorValue): Uint8Array =>
  Uint8Array.from({ length: list.data.length }, (_, index) => (Number(list.data[index]) > 0 ? 1 : 0));

/** The share of float elements that are held within a thousandth of their magnitude, and all of them: how much a comparison sees. */
export function sharpness(given: Bounds): { readonly sharp: number; readonly all: number } {
  let sharp = 0;
  for (let index = 0; index < given.low.length; index++) {
    const [low, high] = [at(given.low, index), at(given.high, index)];
    if (Number.isNaN(low) || high - low <= 1e-3 * Math.max(Math.abs(low), Math.abs(high)) || low === high)
      sharp++;
  }
  return { sharp, all: given.low.length };
}
