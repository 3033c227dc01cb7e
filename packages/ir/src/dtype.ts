/** Element types, widest first. Host data of `f16` and `bf16` are their bits in a `Uint16Array`; `bool` is 0 or 1 in a `Uint8Array`. */
export const dtypes = [
  "f64",
  "f32",
  "f16",
  "bf16",
  "i64",
  "i32",
  "i16",
  "i8",
  "u64",
  "u32",
  "u16",
  "u8",
  "bool",
] as const;
export type DType = (typeof dtypes)[number];

export type TypedArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/** `float`, signed `int`, unsigned `uint`, or `bool`. */
type DTypeClass = "float" | "int" | "uint" | "bool";

export interface DTypeInfo {
  readonly class: DTypeClass;
  /** Bytes of one element in host and arena memory. */
  readonly bytes: number;
  /** Elements are read as `bigint` instead of `number`. */
  readonly big: boolean;
  readonly array: TypedArrayConstructor;
}

interface TypedArrayConstructor {
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
}

const row = (kind: DTypeClass, array: TypedArrayConstructor, big = false): DTypeInfo => ({
  class: kind,
  bytes: array.BYTES_PER_ELEMENT,
  big,
  array,
});

export const dtypeInfo: { readonly [D in DType]: DTypeInfo } = {
  f64: row("float", Float64Array),
  f32: row("float", Float32Array),
  f16: row("float", Uint16Array),
  bf16: row("float", Uint16Array),
  i64: row("int", BigInt64Array, true),
  i32: row("int", Int32Array),
  i16: row("int", Int16Array),
  i8: row("int", Int8Array),
  u64: row("uint", BigUint64Array, true),
  u32: row("uint", Uint32Array),
  u16: row("uint", Uint16Array),
  u8: row("uint", Uint8Array),
  bool: row("bool", Uint8Array),
};

export const isFloat = (dtype: DType): boolean => dtypeInfo[dtype].class === "float";
export const isInteger = (dtype: DType): boolean =>
  dtypeInfo[dtype].class === "int" || dtypeInfo[dtype].class === "uint";
export const isSigned = (dtype: DType): boolean => dtypeInfo[dtype].class === "int" || isFloat(dtype);

/** Smallest and largest value of an integer type; ±Infinity for floats; 0 and 1 for bool. */
export function dtypeRange(dtype: DType): readonly [number | bigint, number | bigint] {
  const info = dtypeInfo[dtype];
  if (info.class === "float") return [-Infinity, Infinity];
  if (info.class === "bool") return [0, 1];
  const bits = BigInt(info.bytes * 8);
  const low = info.class === "int" ? -(1n << (bits - 1n)) : 0n;
  const high = (1n << (info.class === "int" ? bits - 1n : bits)) - 1n;
  return info.big ? [low, high] : [Number(low), Number(high)];
}
