import { type DType, dtypeInfo } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { elementCount, typeText } from "../shape.ts";
import type { TensorValue } from "../value.ts";

/** A whole number of base64 quanta that fits the argument list of `String.fromCharCode`. */
const CHUNK = 3 * 8192;

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Elements as base64 of their little-endian bytes; f16, bf16 and NaNs keep their bits. */
export function elementsToBase64(value: TensorValue): string {
  const { buffer, byteOffset, byteLength } = value.data;
  const own = new Uint8Array(buffer, byteOffset, byteLength);
  const bytes = littleEndian ? own : reversed(own, dtypeInfo[value.dtype].bytes);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK))));
  }
  return parts.join("");
}

/**
 * Reads what `elementsToBase64` writes. Nothing is allocated before the length is known to fit.
 * @throws AdjointError when the length is not that of the type, a character is not one of base64's, or a bool is not 0 or 1.
 */
export function elementsFromBase64(dtype: DType, shape: readonly number[], base64: string): TensorValue {
  const info = dtypeInfo[dtype];
  const size = elementCount(shape) * info.bytes;
  const expected = 4 * Math.ceil(size / 3);
  const padding = (3 - (size % 3)) % 3;
  const refuse = (problem: string): AdjointError =>
    new AdjointError("text", "base64", `${typeText({ dtype, shape })} ${problem}`);
  if (base64.length !== expected) {
    throw refuse(`needs ${expected} characters of base64 (${size} bytes) and has ${base64.length}`);
  }
  const digits = base64.slice(0, expected - padding);
  if (/[^A-Za-z0-9+/]/.test(digits) || base64.slice(digits.length) !== "=".repeat(padding)) {
    throw refuse("has characters that are not base64");
  }
  const bytes = new Uint8Array(size);
  const step = (CHUNK / 3) * 4;
  for (let from = 0, to = 0; from < base64.length; from += step) {
    const chunk = atob(base64.slice(from, from + step));
    for (let at = 0; at < chunk.length; at++) bytes[to++] = chunk.charCodeAt(at);
  }
  if (dtype === "bool" && bytes.some((byte) => byte > 1)) throw refuse("has bools that are neither 0 nor 1");
  const own = littleEndian ? bytes : reversed(bytes, info.bytes);
  return { dtype, shape, data: new info.array(own.buffer) };
}

/** The bytes of each element in the other order. */
function reversed(bytes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes, (_, at) => bytes[at - (at % width) + width - 1 - (at % width)] ?? 0);
}
