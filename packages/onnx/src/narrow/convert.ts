import * as ir from "@adjoint/ir";
import { type DType, type Tensor, valueOf } from "@adjoint/ir";
import type { FloatFormat, NarrowType } from "./types.ts";

/** The rounding of values to narrow floats: ONNX Cast's attributes. */
export interface Rounding {
  /** Values that are too large become the largest number. */
  readonly saturate: boolean;
  /** Of powers of two; all other formats round to nearest, ties to even. */
  readonly mode: "up" | "down" | "nearest";
}

/** The value of a float's bits. */
function valueOfBits(
  { mantissa, bias, largest, overflow, nan, hasOneZero }: FloatFormat,
  sign: number,
  bits: number,
): number {
  const magnitude = bits & (sign - 1);
  if (hasOneZero && bits === nan) return NaN;
  if (magnitude > largest)
    return magnitude === overflow && overflow !== nan ? (bits & sign ? -Infinity : Infinity) : NaN;
  const exponent = magnitude >> mantissa;
  const fraction = magnitude % 2 ** mantissa;
  const value =
    exponent === 0
      ? fraction * 2 ** (1 - bias - mantissa)
      : (2 ** mantissa + fraction) * 2 ** (exponent - bias - mantissa);
  return bits & sign ? -value : value;
}

/** The value of each bit pattern of a type that holds bits. */
export function valuesOfBits({ bits, format }: NarrowType): readonly number[] {
  return Array.from({ length: 2 ** bits }, (_, pattern) => {
    if (format.kind === "float") return valueOfBits(format, 2 ** (bits - 1), pattern);
    return pattern === 255 ? NaN : 2 ** (pattern - 127);
  });
}

/** Narrow elements as those of a dtype. */
export function widen(x: Tensor, type: NarrowType, dtype: DType): Tensor {
  if (type.format.kind === "integer") return x.cast(dtype);
  const values = ir.constant(valueOf("f32", [2 ** type.bits], valuesOfBits(type)));
  return ir.take(values, x.cast("i32")).cast(dtype);
}

/** Elements of a dtype as narrow ones: integers keep their lowest bits, as ONNX Cast says. */
export function narrow(x: Tensor, type: NarrowType, rounding: Rounding): Tensor {
  const { format, bits, storage } = type;
  if (format.kind === "integer") {
    const whole = x.cast("i32");
    return storage === "u8"
      ? whole.bitwiseAnd(2 ** bits - 1).cast("u8")
      : whole
          .shiftLeft(32 - bits)
          .shiftRight(32 - bits)
          .cast("i8");
  }
  const value = x.cast("f32");
  return format.kind === "float"
    ? floatBits(value, format, 2 ** (bits - 1), rounding.saturate).cast("u8")
    : exponentBits(value, rounding).cast("u8");
}

/** The exponent's bits of an f32, and whether there is anything below it. */
const exponentOf = (bits: Tensor): Tensor => bits.shiftRight(23).bitwiseAnd(0xff).cast("i32");

/**
 * Bits of narrow floats, i32. With q the distance of neighbours at x, |x| / q is rounded to whole; the bits are that
 * number above the exponent's first, so a carry into the exponent is right by itself.
 */
function floatBits(x: Tensor, format: FloatFormat, sign: number, saturate: boolean): Tensor {
  const { mantissa, bias, largest, overflow, nan, hasOneZero } = format;
  const bits = x.bitcast("u32");
  const exponent = exponentOf(bits)
    .sub(127)
    .max(1 - bias);
  const distance = exponent
    .add(127 - mantissa)
    .bitcast("u32")
    .shiftLeft(23)
    .bitcast("f32");
  const limit = saturate ? largest : overflow;
  const steps = ir.isInf(x).where(0, x.abs().div(distance)).round().cast("i32");
  const near = exponent
    .add(bias - 1)
    .mul(2 ** mantissa)
    .add(steps);
  const magnitude = near.greater(largest).or(ir.isInf(x)).where(limit, near);
  const signed = magnitude.bitwiseOr(bits.shiftRight(31).cast("i32").mul(sign));
  const oriented = hasOneZero ? magnitude.equal(0).where(0, signed) : signed;
  return ir.isNaN(x).where(nan, oriented);
}

/** Bits of powers of two, i32: the exponent, raised by one where the mode and what is below it say so. */
function exponentBits(x: Tensor, { saturate, mode }: Rounding): Tensor {
  const bits = x.bitcast("u32");
  const exponent = exponentOf(bits);
  const below = bits.bitwiseAnd(0x7fffff);
  const half = 0x400000;
  const isRaised: { readonly [M in Rounding["mode"]]: () => Tensor } = {
    up: () => below.greater(0),
    down: () => below.less(0),
    // A tie goes up, but for the smallest exponent, whose value is half of what its bits say.
    nearest: () => below.greater(half).or(below.equal(half).and(exponent.greater(0))),
  };
  const raised = exponent.add(isRaised[mode]().cast("i32"));
  return exponent.equal(0xff).where(0xff, saturate ? raised.min(0xfe) : raised);
}
