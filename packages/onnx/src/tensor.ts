import {
  type DType,
  type TensorValue,
  type TypedArray,
  dtypeInfo,
  elementCount,
  elementWriter,
  rowMajorStrides,
  tensorValue,
  zeroValue,
} from "@adjoint/ir/values";
import type { onnx } from "onnx-proto";
import { elementType } from "./element-type.ts";
import type { HostTensor } from "./import/value.ts";
import { type NarrowType, unpack } from "./narrow/types.ts";
import { malformed, unsupported } from "./errors.ts";
import { decodeTensor } from "./proto/decode.ts";
import { type Integer, toBigInt, toSize } from "./proto/integer.ts";
import type { TensorProto } from "./proto/model.ts";

/** Gives the bytes of a file beside the model, by the location that the model names. */
export type ExternalData = (location: string) => Uint8Array;

/** The parts of the model that reading a tensor needs. */
export interface TensorSource {
  readonly external?: ExternalData | undefined;
  /** Hears of memory before it is taken; what it throws ends the reading. */
  reserve?(bytes: number): void;
}

const IN_FILE_OF_ITS_OWN = 1;

/** No tensor of a file may claim more elements: their count stays an exact number. */
const MAX_ELEMENTS = 2 ** 40;

/**
 * A tensor's elements.
 * @throws AdjointError when it holds strings or a type that has no counterpart, or fewer or more elements than its
 * dims say.
 */
export function readTensor(tensor: TensorProto, source: TensorSource = {}): HostTensor {
  const name = tensor.name == null || tensor.name === "" ? "a tensor" : `tensor "${tensor.name}"`;
  const { dtype, narrow } = elementType(tensor.dataType ?? 0, name);
  if (tensor.segment != null) throw unsupported("segmented tensors");
  const shape = (tensor.dims ?? []).map((size) => toSize(`a size of ${name}`, size));
  const count = shape.reduce((product, size) => product * size, 1);
  if (!(count <= MAX_ELEMENTS)) throw malformed(`${name} claims ${shape.join(" × ")} elements`);
  const raw = rawBytes(name, tensor, source.external);
  // The file holds at least so much, or the elements don't go with the shape.
  source.reserve?.(count * dtypeInfo[dtype].bytes);
  if (narrow !== undefined) return fromPacked(name, narrow, shape, raw ?? bytesOf(tensor.int32Data));
  if (raw === undefined) return fromFields(name, tensor, dtype, shape, count);
  const { array, bytes } = dtypeInfo[dtype];
  if (raw.length !== count * bytes)
    throw malformed(
      `${name} is ${dtype}[${shape.join(", ")}] (${count * bytes} bytes) and has ${raw.length}`,
    );
  return tensorValue(dtype, shape, copied(array, raw));
}

/** Engines hold the elements of typed arrays of so many bytes beside the array, where one made over a buffer takes memory of its own. */
const small = new Uint8Array(64);

/** The bytes as elements. A copy: they are a view of the file, at any offset. ONNX and all supported hosts are little-endian. */
function copied(array: (typeof dtypeInfo)[DType]["array"], bytes: Uint8Array): TypedArray {
  if (bytes.length > small.length) return new array(new Uint8Array(bytes).buffer);
  small.set(bytes);
  return new array(small.buffer, 0, bytes.length / array.BYTES_PER_ELEMENT).slice();
}

/** Reads the bytes of a lone tensor, as in the official test data. @throws AdjointError as `readTensor`. */
export const tensorFromOnnx = (bytes: Uint8Array): HostTensor => readTensor(decodeTensor(bytes));

/** If narrow elements are not raw, each integer of the field holds one byte. */
const bytesOf = (field: readonly Integer[] | null | undefined): Uint8Array =>
  Uint8Array.from(field ?? [], (byte) => Number(toBigInt(byte)));

/** Narrow elements from their bytes. */
function fromPacked(
  name: string,
  narrow: NarrowType,
  shape: readonly number[],
  bytes: Uint8Array,
): HostTensor {
  const count = elementCount(shape);
  const expected = Math.ceil((count * narrow.bits) / 8);
  if (bytes.length !== expected)
    throw malformed(
      `${name} is ${narrow.name}[${shape.join(", ")}] (${expected} bytes) and has ${bytes.length}`,
    );
  const { array } = dtypeInfo[narrow.storage];
  return { ...tensorValue(narrow.storage, shape, new array(unpack(narrow, bytes, count).buffer)), narrow };
}

function rawBytes(name: string, tensor: TensorProto, external?: ExternalData): Uint8Array | undefined {
  if (tensor.dataLocation !== IN_FILE_OF_ITS_OWN)
    return tensor.rawData != null && tensor.rawData.length > 0 ? tensor.rawData : undefined;
  const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key ?? "", value ?? ""]));
  const location = entries.get("location");
  if (location === undefined) throw malformed(`${name} is in another file and does not say which`);
  if (external === undefined) {
    throw malformed(
      `${name} is in the file "${location}" beside the model`,
      "Give fromOnnx { externalData: (location) => bytes }, or read the model with readOnnx(path).",
    );
  }
  const bytes: unknown = external(location);
  if (!(bytes instanceof Uint8Array))
    throw malformed(
      `${name}: { externalData } gave no bytes for "${location}"`,
      "It must return a Uint8Array.",
    );
  const offset = wholeNumber(name, "offset", entries.get("offset") ?? "0");
  const length = wholeNumber(name, "length", entries.get("length") ?? String(bytes.length - offset));
  if (offset + length > bytes.length)
    throw malformed(
      `${name} lies outside "${location}": bytes ${offset} to ${offset + length} of ${bytes.length}`,
    );
  return bytes.subarray(offset, offset + length);
}

function wholeNumber(name: string, what: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw malformed(`${name}: its ${what} is "${text}"`);
  return Number(text);
}

/** Elements from the typed fields; 16-bit floats are there as their bits. */
function fromFields(
  name: string,
  tensor: TensorProto,
  dtype: DType,
  shape: readonly number[],
  count: number,
): TensorValue {
  const field = fields[dtype](tensor) ?? [];
  if (field.length !== count)
    throw malformed(`${name} is ${dtype}[${shape.join(", ")}] and has ${field.length} of ${count} elements`);
  const value = zeroValue(dtype, shape);
  const { data } = value;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < count; i++) data[i] = toBigInt(field[i]);
  } else for (let i = 0; i < count; i++) data[i] = Number(field[i]);
  return value;
}

/** The typed field that holds the elements (onnx.proto3, TensorProto). */
const fields: { readonly [D in DType]: (tensor: TensorProto) => readonly Integer[] | null | undefined } = {
  f64: (tensor) => tensor.doubleData,
  f32: (tensor) => tensor.floatData,
  f16: (tensor) => tensor.int32Data,
  bf16: (tensor) => tensor.int32Data,
  i64: (tensor) => tensor.int64Data,
  i32: (tensor) => tensor.int32Data,
  i16: (tensor) => tensor.int32Data,
  i8: (tensor) => tensor.int32Data,
  u64: (tensor) => tensor.uint64Data,
  u32: (tensor) => tensor.uint64Data,
  u16: (tensor) => tensor.int32Data,
  u8: (tensor) => tensor.int32Data,
  bool: (tensor) => tensor.int32Data,
};

/** A sparse tensor as a dense one: indices are flat [n] or coordinates [n, rank]. */
export function readSparse(sparse: onnx.ISparseTensorProto, source: TensorSource = {}): TensorValue {
  const values = readTensor(sparse.values ?? {}, source);
  const indices = readTensor(sparse.indices ?? {}, source);
  const shape = (sparse.dims ?? []).map((size) => toSize("a size of a sparse tensor", size));
  const count = shape.reduce((product, size) => product * size, 1);
  if (!(count <= MAX_ELEMENTS)) throw malformed(`a sparse tensor claims ${shape.join(" × ")} elements`);
  // The size of the file says nothing of it.
  source.reserve?.(count * dtypeInfo[values.dtype].bytes);
  const isFlat = indices.shape.length === 1;
  const width = isFlat ? 1 : shape.length;
  if (indices.dtype !== "i64" || indices.data.length !== values.data.length * width)
    throw malformed("the indices of a sparse tensor do not go with its values");
  const strides = isFlat ? [1] : rowMajorStrides(shape);
  const extents = isFlat ? [count] : shape;
  const dense = zeroValue(values.dtype, shape);
  const write = elementWriter({ ...dense, dtype: storage(values.dtype) });
  for (let element = 0; element < values.data.length; element++) {
    let at = 0;
    for (let axis = 0; axis < width; axis++) {
      const index = Number(indices.data[element * width + axis]);
      if (index < 0 || index >= (extents[axis] ?? 0))
        throw malformed(`index ${index} of a sparse tensor lies outside its shape [${shape.join(", ")}]`);
      at += index * (strides[axis] ?? 1);
    }
    write(at, values.data[element] ?? 0);
  }
  return dense;
}

/** Elements are moved as they are stored: 16-bit floats as their bits. */
const storage = (dtype: DType): DType => (dtype === "f16" || dtype === "bf16" ? "u16" : dtype);
