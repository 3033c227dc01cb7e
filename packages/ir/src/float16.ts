/**
 * Conversions between numbers and the bits of f16 (IEEE 754 binary16) and bf16 (the upper half of binary32), both
 * rounding to nearest, ties to even. Node 20 has no `Float16Array`, so the bits live in a `Uint16Array`.
 */
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** 2^-24, the smallest subnormal of f16. */
const TINY = 5.960464477539063e-8;

export function f16ToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * TINY;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function numberToF16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 6.103515625e-5) return sign | roundTiesToEven(magnitude / TINY);
  // The exponent is read from binary64 through f32 bits; f32 holds every exponent of the range.
  let exponent = Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent--;
  if (2 ** (exponent + 1) <= magnitude) exponent++;
  const fraction = roundTiesToEven((magnitude / 2 ** exponent - 1) * 1024);
  // A fraction that rounds up to 1024 carries into the exponent by plain addition.
  return sign | (((exponent + 15) << 10) + fraction);
}

export function bf16ToNumber(value: number): number {
  bits[0] = value << 16;
  return float[0] ?? NaN;
}

export function numberToBf16(value: number): number {
  float[0] = value;
  const word = bits[0] ?? 0;
  if ((word & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  // Rounding through f32 first could round twice; f32 keeps 16 more bits, and a tie that it creates is broken by `sticky`.
  const exact = float[0] ?? 0;
  const low = word & 0xffff;
  const high = word >>> 16;
  if (low !== 0x8000 || exact === value)
    return (high + (low > 0x8000 || (low === 0x8000 && high & 1) ? 1 : 0)) & 0xffff;
  return (high + (Math.abs(value) > Math.abs(exact) ? 1 : 0)) & 0xffff;
}

/** Rounds to the nearest integer, halves to the even one; a zero keeps the sign of what was rounded, as in IEEE 754. */
export function roundTiesToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  const rounded = up ? floor + 1 : floor;
  return rounded === 0 && value < 0 ? -0 : rounded;
}
