import { bf16ToNumber, dtypeInfo, f16ToNumber, numberToBf16, numberToF16 } from "@adjoint/ir/values";
import type { Draw, Swept } from "./contract-cases.ts";

type Words =
  | Float32Array
  | Float64Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | Int8Array
  | Uint8Array
  | BigInt64Array;

/** Elements of a dtype over bytes. */
export function wordsOf(dtype: Swept, buffer: ArrayBuffer, at: number, count: number): Words {
  switch (dtype) {
    case "f32":
      return new Float32Array(buffer, at, count);
    case "f64":
      return new Float64Array(buffer, at, count);
    case "f16":
    case "bf16":
      return new Uint16Array(buffer, at, count);
    case "i16":
      return new Int16Array(buffer, at, count);
    case "i32":
      return new Int32Array(buffer, at, count);
    case "u32":
      return new Uint32Array(buffer, at, count);
    case "i8":
      return new Int8Array(buffer, at, count);
    case "u8":
      return new Uint8Array(buffer, at, count);
    case "i64":
      return new BigInt64Array(buffer, at, count);
  }
}

const isFloating = (dtype: Swept): boolean => dtypeInfo[dtype].class === "float";

export function fill(words: Words, dtype: Swept, draw: Draw): void {
  if (words instanceof BigInt64Array) {
    for (let index = 0; index < words.length; index++)
      words[index] = BigInt(Math.floor(draw.number() * 2 ** 31)) * BigInt(draw.below(2 ** 31));
    return;
  }
  for (let index = 0; index < words.length; index++) {
    const number = draw.number();
    words[index] =
      dtype === "f16"
        ? numberToF16(number)
        : dtype === "bf16"
          ? numberToBf16(number)
          : isFloating(dtype)
            ? number
            : number * 2 ** 31;
  }
}

/** Elements as numbers, or as whole numbers where the dtype is one of integers. */
export function valuesOf(words: Words, dtype: Swept): Float64Array | BigInt64Array {
  if (dtype === "f16") return Float64Array.from(words as Uint16Array, f16ToNumber);
  if (dtype === "bf16") return Float64Array.from(words as Uint16Array, bf16ToNumber);
  if (words instanceof BigInt64Array) return words;
  return Float64Array.from(words);
}
