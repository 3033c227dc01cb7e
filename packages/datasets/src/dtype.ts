import { DatasetError } from "./error.ts";

/**
 * The typed array that holds each element type.
 *
 * `f16` and `bf16` are bit patterns, `bool` is 0 or 1 in a byte, `i64` and `u64` are bigints.
 */
export interface DTypeArrays {
  f64: Float64Array;
  f32: Float32Array;
  f16: Uint16Array;
  bf16: Uint16Array;
  i64: BigInt64Array;
  i32: Int32Array;
  i16: Int16Array;
  i8: Int8Array;
  u64: BigUint64Array;
  u32: Uint32Array;
  u16: Uint16Array;
  u8: Uint8Array;
  bool: Uint8Array;
}

/** Name of an element type. */
export type DType = keyof DTypeArrays;

/** Element types whose values are JavaScript numbers, so that a transformation can compute with them. */
export type NumberDType = Exclude<DType, "f16" | "bf16" | "i64" | "u64">;

/** Element types that a computed column may have. */
export type FloatDType = "f32" | "f64";

/** The typed array of an element type. */
export type DataOf<D extends DType> = DTypeArrays[D];

/** Any typed array that holds elements. */
export type TypedArray = DTypeArrays[DType];

interface DTypeInfo<D extends DType> {
  readonly name: string;
  allocate(length: number): DataOf<D>;
  holds(data: unknown): data is DataOf<D>;
  /** Smallest and largest whole number that the type holds; `null` for the float types. */
  readonly range: readonly [number, number] | null;
  /** Whether elements can be computed with as JavaScript numbers (see `NumberDType`). */
  readonly number: boolean;
}

interface ArrayClass<A> {
  readonly name: string;
  new (length: number): A;
}

function row<D extends DType>(
  array: ArrayClass<DataOf<D>>,
  range: readonly [number, number] | null,
  number: boolean,
): DTypeInfo<D> {
  return {
    name: array.name,
    allocate: (length) => new array(length),
    holds: (data): data is DataOf<D> => data instanceof array,
    range,
    number,
  };
}

const table: { readonly [D in DType]: DTypeInfo<D> } = {
  f64: row<"f64">(Float64Array, null, true),
  f32: row<"f32">(Float32Array, null, true),
  f16: row<"f16">(Uint16Array, null, false),
  bf16: row<"bf16">(Uint16Array, null, false),
  // The bigint types are bounded by what a number states exactly.
  i64: row<"i64">(BigInt64Array, [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER], false),
  i32: row<"i32">(Int32Array, [-(2 ** 31), 2 ** 31 - 1], true),
  i16: row<"i16">(Int16Array, [-(2 ** 15), 2 ** 15 - 1], true),
  i8: row<"i8">(Int8Array, [-128, 127], true),
  u64: row<"u64">(BigUint64Array, [0, Number.MAX_SAFE_INTEGER], false),
  u32: row<"u32">(Uint32Array, [0, 2 ** 32 - 1], true),
  u16: row<"u16">(Uint16Array, [0, 2 ** 16 - 1], true),
  u8: row<"u8">(Uint8Array, [0, 255], true),
  bool: row<"bool">(Uint8Array, [0, 1], true),
};

/** Names of all element types. */
export const dtypeNames: readonly string[] = Object.keys(table);

/** Whether `name` is the name of an element type. */
export function isDType(name: unknown): name is DType {
  return typeof name === "string" && Object.hasOwn(table, name);
}

/** Name of the typed array class that holds `dtype`. */
export function arrayName(dtype: DType): string {
  return table[dtype].name;
}

/** Whether `data` is the typed array of `dtype`. */
export function holds<D extends DType>(dtype: D, data: unknown): data is DataOf<D> {
  return table[dtype].holds(data);
}

/** Whether elements of `dtype` are JavaScript numbers with their own value (see `NumberDType`). */
export function isNumber(dtype: DType): dtype is NumberDType {
  return table[dtype].number;
}

/** Whole numbers that `dtype` holds, as `[smallest, largest]`; `null` for the float types. */
export function integerRange(dtype: DType): readonly [number, number] | null {
  return table[dtype].range;
}

/**
 * A new zeroed array for `length` elements of `dtype`.
 *
 * @throws DatasetError `too-large` when the platform can't make one.
 */
export function allocate<D extends DType>(dtype: D, length: number): DataOf<D> {
  try {
    return table[dtype].allocate(length);
  } catch (cause) {
    throw new DatasetError(
      "too-large",
      `can't allocate ${length} elements of ${dtype}. Take fewer examples.`,
      {
        cause,
      },
    );
  }
}
