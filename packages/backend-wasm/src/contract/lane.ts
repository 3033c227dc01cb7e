import { AdjointError, type DType, dtypeInfo, isFloat } from "@adjoint/ir";
import {
  type Value,
  type ValueType,
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  i64,
  i64x2,
  i8x16,
  v128,
} from "../emit/index.ts";

type Vector = Value<"v128">;
type Address = Value<"i32">;

/** What sums are kept in. Narrow floats sum in f32; integers wrap, so signed and unsigned are one. */
export type SumType = "f32" | "f64" | "i32" | "i64";

/** Arithmetic on vectors of sums. */
export interface Lane {
  readonly sum: SumType;
  readonly bytes: 4 | 8;
  /** Sums in a vector. */
  readonly count: 4 | 2;
  readonly splat: (address: Address, offset: number) => Vector;
  readonly add: (a: Vector, b: Vector) => Vector;
  /** sum + a·b, rounded once where the lane is fused. */
  readonly multiplyAdd: (sum: Vector, a: Vector, b: Vector) => Vector;
  readonly extract: (vector: Vector, lane: number) => Value<ValueType>;
  /** The vector with lane 0 set. */
  readonly replace: (vector: Vector, value: Value) => Vector;
  readonly storeLane: (address: Address, vector: Vector, lane: number, offset: number) => Value<"void">;
}

export function sumTypeOf(dtype: DType): SumType {
  if (dtype === "f64") return "f64";
  if (isFloat(dtype)) return "f32";
  return dtypeInfo[dtype].bytes === 8 ? "i64" : "i32";
}

export function laneOf(sum: SumType, fused: boolean): Lane {
  const wide = sum === "f64" || sum === "i64";
  const memory = wide
    ? { bytes: 8 as const, count: 2 as const, splat: v128.load64Splat, storeLane: v128.store64Lane }
    : { bytes: 4 as const, count: 4 as const, splat: v128.load32Splat, storeLane: v128.store32Lane };
  const family = { f32: f32x4, f64: f64x2, i32: i32x4, i64: i64x2 }[sum];
  const separate = (total: Vector, a: Vector, b: Vector): Vector => family.add(total, family.mul(a, b));
  const { relaxedMadd } = sum === "f64" ? f64x2 : f32x4;
  const isFused = fused && (sum === "f32" || sum === "f64");
  return {
    sum,
    ...memory,
    add: family.add,
    multiplyAdd: isFused ? (total, a, b) => relaxedMadd(a, b, total) : separate,
    extract: (vector, lane) => family.extractLane(vector, lane),
    // Each family takes its own scalar type, which is the sum's.
    replace: (vector, value) => family.replaceLane(vector, 0, value as never),
  };
}

/** Four halves in the low 16 bits of each lane, as f32: exact, subnormals and infinities included. */
function widenHalves(bits: Vector): Vector {
  const word = (value: number): Vector => i32x4.splat(i32.const(value));
  const magnitude = v128.and(bits, word(0x7fff));
  // The exponent moves up by 112; the product rescales subnormals too.
  const scaled = f32x4.mul(i32x4.shl(magnitude, i32.const(13)), f32x4.splat(f32.const(2 ** 112)));
  const special = v128.and(i32x4.gtU(magnitude, word(0x7bff)), word(0x7f800000));
  const sign = i32x4.shl(v128.and(bits, word(0x8000)), i32.const(16));
  return v128.or(v128.or(scaled, special), sign);
}

const unpack8 = (vector: Vector, signed: boolean): Vector => {
  const zero = i32x4.splat(i32.const(0));
  const spread = i8x16.shuffle(vector, zero, [16, 16, 16, 0, 16, 16, 16, 1, 16, 16, 16, 2, 16, 16, 16, 3]);
  return (signed ? i32x4.shrS : i32x4.shrU)(spread, i32.const(24));
};

/** A vector of sums from neighbouring elements in memory. Reads no more than one vector's elements. */
export function loadVector(dtype: DType, lane: Lane, address: Address): Vector {
  if (sumTypeOf(dtype) !== lane.sum) {
    throw new AdjointError("backend", "dotGeneral", `can't sum ${dtype} operands in ${lane.sum}`);
  }
  switch (dtype) {
    case "f16":
      return widenHalves(v128.load16x4U(address));
    case "bf16":
      return i32x4.shl(v128.load16x4U(address), i32.const(16));
    case "i16":
      return v128.load16x4S(address);
    case "u16":
      return v128.load16x4U(address);
    case "i8":
      return unpack8(v128.load32Zero(address), true);
    case "u8":
    case "bool":
      return unpack8(v128.load32Zero(address), false);
    default:
      return v128.load(address);
  }
}

/** Copies one element to a sum in memory. */
export function copyElement(dtype: DType, lane: Lane, to: Address, from: Address): Value<"void"> {
  switch (dtype) {
    case "f16":
      return v128.store32Lane(to, widenHalves(v128.load16Splat(from)), 0);
    case "bf16":
      return i32.store(to, i32.shl(i32.load16U(from), i32.const(16)));
    case "i16":
      return i32.store(to, i32.load16S(from));
    case "u16":
      return i32.store(to, i32.load16U(from));
    case "i8":
      return i32.store(to, i32.load8S(from));
    case "u8":
    case "bool":
      return i32.store(to, i32.load8U(from));
    default:
      return lane.bytes === 8 ? i64.store(to, i64.load(from)) : i32.store(to, i32.load(from));
  }
}

/** True where an operand's elements are sums already, so that they can be read in place. */
export const isPlain = (dtype: DType, lane: Lane): boolean => dtypeInfo[dtype].bytes === lane.bytes;

/** A sum read from memory. */
export function loadSum(lane: Lane, address: Address): Value<ValueType> {
  return { f32, f64, i32, i64 }[lane.sum].load(address);
}
