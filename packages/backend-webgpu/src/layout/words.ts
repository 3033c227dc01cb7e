import {
  AdjointError,
  type DType,
  type TypedArray,
  bf16ToNumber,
  dtypeInfo,
  f16ToNumber,
  numberToBf16,
  numberToF16,
} from "@adjoint/ir/values";

/** Bytes of one element on the device, whatever its dtype: but see `Format`. */
export const WORD = 4;

/** Elements stand in words or, those of f16 on a device that has it, in halves of one. */
export type Format = "word" | "half";

/** Bytes of an element. */
export const bytesPer: { readonly [F in Format]: number } = { word: WORD, half: WORD / 2 };

/** The type in which WGSL computes a dtype. */
export type Arithmetic = "f32" | "i32" | "u32";

type WordArray = Float32Array | Int32Array | Uint32Array | Uint16Array;

/** The format of a dtype on the device: one 32-bit word for each element. */
interface Layout {
  readonly arithmetic: Arithmetic;
  /** Host data are the words themselves. */
  readonly same: boolean;
}

const table: { readonly [D in DType]: Layout | undefined } = {
  f64: undefined,
  f32: { arithmetic: "f32", same: true },
  f16: { arithmetic: "f32", same: false },
  bf16: { arithmetic: "f32", same: false },
  i64: { arithmetic: "i32", same: false },
  i32: { arithmetic: "i32", same: true },
  i16: { arithmetic: "i32", same: false },
  i8: { arithmetic: "i32", same: false },
  u64: { arithmetic: "u32", same: false },
  u32: { arithmetic: "u32", same: true },
  u16: { arithmetic: "u32", same: false },
  u8: { arithmetic: "u32", same: false },
  bool: { arithmetic: "u32", same: false },
};

function layoutOf(dtype: DType): Layout {
  const layout = table[dtype];
  if (layout !== undefined) return layout;
  throw new AdjointError(
    "backend",
    "webgpu",
    `has no ${dtype}: WGSL computes in 32 bits`,
    `Declare the tensor as f32, or cast it with cast("f32") before it reaches a kernel; the cpu and wasm backends have ${dtype}.`,
  );
}

/** The type in which a dtype is computed. @throws AdjointError for f64, which WGSL does not have. */
export const arithmeticOf = (dtype: DType): Arithmetic => layoutOf(dtype).arithmetic;

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

const decoders: { readonly [D in DType]?: (bits: number) => number } = {
  f16: f16ToNumber,
  bf16: bf16ToNumber,
};
const encoders: { readonly [D in DType]?: (value: number) => number } = {
  f16: numberToF16,
  bf16: numberToBf16,
};

/** Room for the elements of a buffer on their way to the device: whole words. */
export function wordsFor(dtype: DType, elements: number, format: Format): WordArray {
  if (format === "half") return new Uint16Array(Math.ceil(elements / 2) * 2);
  return new arrays[arithmeticOf(dtype)](elements);
}

/** True where host data go to the device as they are. */
export const isSame = (dtype: DType): boolean => layoutOf(dtype).same;

/**
 * Writes host data as words.
 * @throws AdjointError where an element of i64 or u64 lies outside 32 bits.
 */
export function encode(dtype: DType, data: TypedArray, words: WordArray, what: string): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const [low, high] = dtype === "i64" ? [-(2n ** 31n), 2n ** 31n - 1n] : [0n, 2n ** 32n - 1n];
    for (let index = 0; index < data.length; index++) {
      const element = data[index] ?? 0n;
      if (element < low || element > high) {
        throw new AdjointError(
          "backend",
          "webgpu",
          `${what} has ${element} at ${index}: ${dtype} is held in 32 bits on this device (${low} to ${high})`,
          "Use the cpu or wasm backend for wider integers.",
        );
      }
      words[index] = Number(element);
    }
    return;
  }
  const fromBits = decoders[dtype];
  // Halves are the bits of f16, as the host's are.
  if (fromBits === undefined || words instanceof Uint16Array) words.set(data);
  else for (let index = 0; index < data.length; index++) words[index] = fromBits(data[index] ?? 0);
}

/** Reads words back as host data. */
export function decode(
  dtype: DType,
  words: ArrayBuffer,
  offset: number,
  target: TypedArray,
  format: Format,
): void {
  const source = new (format === "half" ? Uint16Array : arrays[arithmeticOf(dtype)])(
    words,
    offset,
    target.length,
  );
  if (target instanceof BigInt64Array || target instanceof BigUint64Array) {
    for (let index = 0; index < source.length; index++) target[index] = BigInt(source[index] ?? 0);
    return;
  }
  const toBits = encoders[dtype];
  if (toBits === undefined || format === "half") target.set(source);
  else for (let index = 0; index < source.length; index++) target[index] = toBits(source[index] ?? 0);
}

/** A new host array of a dtype. */
export const hostArray = (dtype: DType, elements: number): TypedArray => new dtypeInfo[dtype].array(elements);
