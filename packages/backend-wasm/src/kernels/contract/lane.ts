import { type DType, dtypeInfo, isFloat } from "@adjoint/ir/values";
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
  v128,
} from "../../emit/index.ts";

type Vector = Value<"v128">;
type Address = Value<"i32">;

/** The type of the sums. Narrow floats are summed in f32. Integers wrap, so signed and unsigned ones share a type. */
export type SumType = "f32" | "f64" | "i32" | "i64";

/** The type of a contraction's sums, and its arithmetic on vectors. */
export interface Lane {
  readonly sum: SumType;
  readonly bytes: 4 | 8;
  /** Sums in a vector. */
  readonly count: 4 | 2;
  readonly splat: (address: Address, offset: number) => Vector;
  readonly add: (a: Vector, b: Vector) => Vector;
  /** sum + a·b, rounded once if the lane is fused. */
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

/** True if an operand's elements have the type of the sums, so that they can be read in place. */
export const isPlain = (dtype: DType, lane: Lane): boolean => dtypeInfo[dtype].bytes === lane.bytes;

/** Reads a sum from memory. */
export function loadSum(lane: Lane, address: Address): Value<ValueType> {
  return { f32, f64, i32, i64 }[lane.sum].load(address);
}
