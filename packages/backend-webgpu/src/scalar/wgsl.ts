import { type DType, type Scalar, dtypeRange } from "@adjoint/ir/values";
import { type Arithmetic, arithmeticOf } from "../layout/words.ts";
import type { FunctionName } from "./functions.ts";

/** Announces that code calls a library function; returns its name. */
export type Use = (name: FunctionName) => string;

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** The bits of a float, as a literal. */
function bitsOf(value: number): string {
  float[0] = value;
  return `0x${(word[0] ?? 0).toString(16).padStart(8, "0")}u`;
}

const SMALLEST_NORMAL = 2 ** -126;

function floatLiteral(value: number, use: Use): string {
  const rounded = Math.fround(value);
  // To a compiler anything times a zero that it knows is zero, also NaN and infinities.
  const plain = Number.isFinite(rounded) && Math.abs(rounded) >= SMALLEST_NORMAL;
  return plain ? `${rounded}f` : `${use("fromBits")}(${bitsOf(rounded)})`;
}

/** A constant as code; 64-bit integers end where 32 bits do. */
export function literal(value: Scalar, dtype: DType, use: Use): string {
  switch (arithmeticOf(dtype)) {
    case "f32":
      return floatLiteral(Number(value), use);
    case "i32":
      return `i32(${Number(BigInt.asIntN(32, BigInt(value)))})`;
    case "u32":
      return `${Number(BigInt.asUintN(32, BigInt(value)))}u`;
  }
}

/** The smallest and largest value of a dtype as held on the device. */
export function heldRange(dtype: DType): readonly [number, number] {
  if (dtype === "i64") return [-(2 ** 31), 2 ** 31 - 1];
  if (dtype === "u64") return [0, 2 ** 32 - 1];
  const [low, high] = dtypeRange(dtype);
  return [Number(low), Number(high)];
}

/** Brings a result to the dtype's own precision or width. */
export function fit(dtype: DType, code: string, use: Use): string {
  switch (dtype) {
    case "f16":
      return `${use("roundF16")}(${code})`;
    case "bf16":
      return `${use("roundBf16")}(${code})`;
    case "i16":
      return `((${code} << 16u) >> 16u)`;
    case "i8":
      return `((${code} << 24u) >> 24u)`;
    case "u16":
      return `(${code} & 0xffffu)`;
    case "u8":
      return `(${code} & 0xffu)`;
    default:
      return code;
  }
}

/** A word of memory as a value. */
export function fromWord(arithmetic: Arithmetic, code: string): string {
  return arithmetic === "u32" ? code : `bitcast<${arithmetic}>(${code})`;
}

/** A value as a word of memory. */
export function toWord(arithmetic: Arithmetic, code: string): string {
  return arithmetic === "u32" ? code : `bitcast<u32>(${code})`;
}

/** A condition as a bool element. */
export const asBool = (condition: string): string => `select(0u, 1u, ${condition})`;
