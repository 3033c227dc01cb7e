import { AdjointError, type DType } from "@adjoint/ir/values";
import { type Value, f32, f32x4, i32, i32x4, i64, i8x16, v128 } from "../../emit/index.ts";
import { type Lane, sumTypeOf } from "./lane.ts";

type Vector = Value<"v128">;
type Address = Value<"i32">;

/** Four halves in the low 16 bits of each lane, as f32: exact, subnormals and infinities included. */
function widenHalves(bits: Vector): Vector {
  const word = (value: number): Vector => i32x4.splat(i32.const(value));
  const magnitude = v128.and(bits, word(0x7fff));
  // The exponent grows by 112; the multiplication rescales subnormals too.
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

/** Neighbouring elements in memory, as a vector of sums. It reads no more elements than fill the vector. */
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

/** Copies one element to memory, as a sum. */
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
