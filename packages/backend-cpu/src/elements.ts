import { elementary } from "@adjoint/ir/graph";
import {
  type DType,
  type Scalar,
  type TypedArray,
  bf16ToNumber,
  castScalar,
  dtypeInfo,
  f16ToNumber,
  isFloat,
  numberToBf16,
  numberToF16,
  roundTiesToEven,
  threefry2x32,
} from "@adjoint/ir/values";

const words = new Uint32Array(2);

/** Conversions and bits. */
const conversions = {
  fromF16: (bits: number): number => f16ToNumber(bits),
  toF16: (x: number): number => numberToF16(x),
  fromBf16: (bits: number): number => bf16ToNumber(bits),
  toBf16: (x: number): number => numberToBf16(x),
  roundF16: (x: number): number => f16ToNumber(numberToF16(x)),
  roundBf16: (x: number): number => bf16ToNumber(numberToBf16(x)),
  cast: (value: Scalar, to: DType, fromFloat: boolean): Scalar => castScalar(value, to, fromFloat),
  bits: (key0: number, key1: number, counter: number): number =>
    threefry2x32(key0, key1, counter, 0, words)[0] ?? 0,
  bitcast: (value: Scalar, from: DType, to: DType): Scalar => reinterpret(value, from, to),
  tiesToEven: (x: number): number => roundTiesToEven(x),
} as const;

/** Functions that printed kernels call, by the names they call them: the meaning of primitives is the oracle's. */
export const helpers: typeof conversions & typeof elementary = { ...conversions, ...elementary };

const scratch = new DataView(new ArrayBuffer(8));

/** The same bits read as another dtype of the same width. */
function reinterpret(value: Scalar, from: DType, to: DType): Scalar {
  writeBits(value, from);
  const bytes = dtypeInfo[to].bytes;
  switch (to) {
    case "f64":
      return scratch.getFloat64(0);
    case "f32":
      return scratch.getFloat32(0);
    case "f16":
      return f16ToNumber(scratch.getUint16(0));
    case "bf16":
      return bf16ToNumber(scratch.getUint16(0));
    case "i64":
      return scratch.getBigInt64(0);
    case "u64":
      return scratch.getBigUint64(0);
    default: {
      const word =
        bytes === 4 ? scratch.getUint32(0) : bytes === 2 ? scratch.getUint16(0) : scratch.getUint8(0);
      return castScalar(word, to);
    }
  }
}

function writeBits(value: Scalar, from: DType): void {
  if (typeof value === "bigint") scratch.setBigUint64(0, BigInt.asUintN(64, value));
  else if (from === "f64") scratch.setFloat64(0, value);
  else if (from === "f32") scratch.setFloat32(0, value);
  else if (from === "f16") scratch.setUint16(0, numberToF16(value));
  else if (from === "bf16") scratch.setUint16(0, numberToBf16(value));
  else if (dtypeInfo[from].bytes === 4) scratch.setUint32(0, value >>> 0);
  else if (dtypeInfo[from].bytes === 2) scratch.setUint16(0, value & 0xffff);
  else scratch.setUint8(0, value & 0xff);
}

/** The arithmetic of a dtype: doubles, 32-bit integers, or bigints. */
export type Arithmetic = "float" | "integer" | "big";

export const arithmeticOf = (dtype: DType): Arithmetic =>
  dtypeInfo[dtype].big ? "big" : isFloat(dtype) ? "float" : "integer";

/** Printed code that brings a result to the dtype's own precision or width; `fit` does the same. */
export function fitCode(dtype: DType, code: string): string {
  switch (dtype) {
    case "f32":
      return `Math.fround(${code})`;
    case "f16":
      return `roundF16(${code})`;
    case "bf16":
      return `roundBf16(${code})`;
    case "i64":
      return `BigInt.asIntN(64, ${code})`;
    case "u64":
      return `BigInt.asUintN(64, ${code})`;
    case "i32":
      return `(${code} | 0)`;
    case "u32":
      return `(${code} >>> 0)`;
    case "i16":
      return `((${code}) << 16 >> 16)`;
    case "i8":
      return `((${code}) << 24 >> 24)`;
    case "u16":
      return `((${code}) & 65535)`;
    case "u8":
      return `((${code}) & 255)`;
    case "f64":
    case "bool":
      return `(${code})`;
  }
}

/** Brings a result to the dtype's own precision or width. */
export function fit(dtype: DType, value: Scalar): Scalar {
  if (typeof value === "bigint")
    return dtype === "u64" ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value);
  switch (dtype) {
    case "f32":
      return Math.fround(value);
    case "f16":
      return helpers.roundF16(value);
    case "bf16":
      return helpers.roundBf16(value);
    case "i32":
      return value | 0;
    case "u32":
      return value >>> 0;
    case "i16":
      return (value << 16) >> 16;
    case "i8":
      return (value << 24) >> 24;
    case "u16":
      return value & 65535;
    case "u8":
      return value & 255;
    default:
      return value;
  }
}

/** Code for an element as it is stored. */
export function loadCode(dtype: DType, code: string): string {
  return dtype === "f16" ? `fromF16(${code})` : dtype === "bf16" ? `fromBf16(${code})` : code;
}

export function storeCode(dtype: DType, code: string): string {
  return dtype === "f16" ? `toF16(${code})` : dtype === "bf16" ? `toBf16(${code})` : code;
}

/** Reads one element of memory of a dtype. */
export function readElement(data: TypedArray, dtype: DType, index: number): Scalar {
  const element = data[index];
  if (element === undefined) throw new RangeError(`element ${index} of ${data.length}`);
  if (dtype === "f16") return f16ToNumber(Number(element));
  return dtype === "bf16" ? bf16ToNumber(Number(element)) : element;
}

export function writeElement(data: TypedArray, dtype: DType, index: number, value: Scalar): void {
  data[index] =
    dtype === "f16" ? numberToF16(Number(value)) : dtype === "bf16" ? numberToBf16(Number(value)) : value;
}

/** A constant as code; in parentheses where it has a sign, which may follow another. */
export function literal(value: Scalar, dtype: DType): string {
  const text = dtypeInfo[dtype].big ? `${BigInt(value)}n` : Object.is(value, -0) ? "-0" : `${Number(value)}`;
  return text.startsWith("-") ? `(${text})` : text;
}
