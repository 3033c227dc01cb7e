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

/** The array that holds each element type on the host. */
interface DTypeArrays {
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

/** The array that holds an element type. */
export type DataOf<D extends DType> = DTypeArrays[D];

/** Any array that holds elements. */
export type TypedArray = DataOf<DType>;

/** True if a value from outside is the name of an element type. */
export const isDType = (name: unknown): name is DType => dtypes.some((dtype) => dtype === name);

/** `float`, signed `int`, unsigned `uint`, or `bool`. */
type DTypeClass = "float" | "int" | "uint" | "bool";

export interface DTypeInfo<D extends DType = DType> {
  readonly class: DTypeClass;
  /** Bytes of one element in host and arena memory. */
  readonly bytes: number;
  /** Elements are read as `bigint` instead of `number`. */
  readonly big: boolean;
  readonly array: TypedArrayConstructor<DataOf<D>>;
}

interface TypedArrayConstructor<A> {
  new (length: number): A;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): A;
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
}

const row = <D extends DType>(
  kind: DTypeClass,
  array: TypedArrayConstructor<DataOf<D>>,
  big = false,
): DTypeInfo<D> => ({
  class: kind,
  bytes: array.BYTES_PER_ELEMENT,
  big,
  array,
});

export const dtypeInfo: { readonly [D in DType]: DTypeInfo<D> } = {
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

type Range = readonly [number | bigint, number | bigint];

function rangeOf({ class: kind, bytes, big }: DTypeInfo): Range {
  if (kind === "float") return [-Infinity, Infinity];
  if (kind === "bool") return [0, 1];
  const bits = BigInt(bytes * 8);
  const low = kind === "int" ? -(1n << (bits - 1n)) : 0n;
  const high = (1n << (kind === "int" ? bits - 1n : bits)) - 1n;
  return big ? [low, high] : [Number(low), Number(high)];
}

const ranges: ReadonlyMap<DType, Range> = new Map(dtypes.map((dtype) => [dtype, rangeOf(dtypeInfo[dtype])]));

/** Smallest and largest value of an integer type; ±Infinity for floats; 0 and 1 for bool. */
export const dtypeRange = (dtype: DType): Range => ranges.get(dtype) ?? rangeOf(dtypeInfo[dtype]);
