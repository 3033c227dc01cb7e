import { type DType, type TypedArray, dtypeInfo } from "@adjoint/ir/values";

/** The format's names of element types. Source: https://github.com/huggingface/safetensors (README, "Format"). */
export const formatNames: { readonly [D in DType]: string } = {
  f64: "F64",
  f32: "F32",
  f16: "F16",
  bf16: "BF16",
  i64: "I64",
  i32: "I32",
  i16: "I16",
  i8: "I8",
  u64: "U64",
  u32: "U32",
  u16: "U16",
  u8: "U8",
  bool: "BOOL",
};

/** Element types in the order in which the reference implementation writes them: widest first, so that all are aligned. */
export const writingOrder: readonly DType[] = [
  "u64",
  "i64",
  "f64",
  "f32",
  "u32",
  "i32",
  "bf16",
  "f16",
  "u16",
  "i16",
  "i8",
  "u8",
  "bool",
];

/** The key of the header that holds text instead of a tensor. */
export const METADATA = "__metadata__";

/** Bytes before the header: its length as a little-endian u64. */
export const PREFIX = 8;

/** More axes than any tensor has. */
export const MOST_AXES = 256;

/** The longest header that the reference implementation reads. */
export const LONGEST_HEADER = 100_000_000;

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The bytes of elements as the file has them: little-endian. Shared with the elements where the machine agrees. */
export function fileBytes(dtype: DType, data: TypedArray): Uint8Array {
  const own = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return littleEndian ? own : reversed(own, dtypeInfo[dtype].bytes);
}

/** Elements from the file's bytes, in memory of their own. */
export function elementsOf(dtype: DType, bytes: Uint8Array): TypedArray {
  // Not slice(): that of Node's Buffer, which files are read into, copies nothing.
  const own = littleEndian ? new Uint8Array(bytes) : reversed(bytes, dtypeInfo[dtype].bytes);
  return new dtypeInfo[dtype].array(own.buffer);
}

/** A copy with the bytes of each element in the other order. */
function reversed(bytes: Uint8Array, width: number): Uint8Array {
  return Uint8Array.from(bytes, (_, at) => bytes[at - 2 * (at % width) + width - 1] ?? 0);
}
