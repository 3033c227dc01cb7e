/**
 * Values that are not finite. WGSL lets an implementation assume that NaN and infinities don't occur, and refuses them in
 * constant expressions; here they are tested and made as bits, which it can't assume away.
 */
export const bits = {
  // A parameter is not a constant expression, so any bits are allowed. `nothing` is zero, which compilers can't know.
  fromBits: "fn fromBits(word: u32) -> f32 { return bitcast<f32>(word | nothing); }",
  magnitude: "fn magnitude(x: f32) -> u32 { return bitcast<u32>(x) & 0x7fffffffu; }",
  signOf: "fn signOf(x: f32) -> u32 { return bitcast<u32>(x) & 0x80000000u; }",
  withSign: `fn withSign(x: f32, s: u32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | s);
}`,
  isNan: "fn isNan(x: f32) -> bool { return magnitude(x) > 0x7f800000u; }",
  isInfinite: "fn isInfinite(x: f32) -> bool { return magnitude(x) == 0x7f800000u; }",
  isFinite: "fn isFinite(x: f32) -> bool { return magnitude(x) < 0x7f800000u; }",
  nan: "fn nan() -> f32 { return fromBits(0x7fc00000u); }",
  infinity: "fn infinity() -> f32 { return fromBits(0x7f800000u); }",
  // NaN if either is; of two zeros the positive.
  maxOf: `fn maxOf(a: f32, b: f32) -> f32 {
  if (isNan(a)) { return a; }
  if (isNan(b)) { return b; }
  if (a == b) { return bitcast<f32>(bitcast<u32>(a) & bitcast<u32>(b)); }
  return select(b, a, a > b);
}`,
  minOf: `fn minOf(a: f32, b: f32) -> f32 {
  if (isNan(a)) { return a; }
  if (isNan(b)) { return b; }
  if (a == b) { return bitcast<f32>(bitcast<u32>(a) | bitcast<u32>(b)); }
  return select(b, a, a < b);
}`,
  signum: `fn signum(x: f32) -> f32 {
  if (isNan(x) || magnitude(x) == 0u) { return x; }
  return withSign(1.0f, signOf(x));
}`,
  // To nearest, ties to even: the low 13 bits of the fraction go; below 2^-14 whole multiples of 2^-24 stay.
  roundF16: `fn roundF16(x: f32) -> f32 {
  let m = magnitude(x);
  let s = signOf(x);
  if (m > 0x7f800000u) { return x; }
  if (m >= 0x477ff000u) { return bitcast<f32>(s | 0x7f800000u); }
  if (m < 0x38800000u) {
    let steps = bitcast<u32>(bitcast<f32>(m) + 0.5f) - 0x3f000000u;
    return withSign(f32(steps) * 5.9604644775390625e-8f, s);
  }
  return bitcast<f32>(s | ((m + 0xfffu + ((m >> 13u) & 1u)) & 0xffffe000u));
}`,
  roundBf16: `fn roundBf16(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let u = bitcast<u32>(x);
  return bitcast<f32>((u + 0x7fffu + ((u >> 16u) & 1u)) & 0xffff0000u);
}`,
  f16Bits: `fn f16Bits(x: f32) -> u32 {
  let m = magnitude(x);
  let s = signOf(x) >> 16u;
  if (m > 0x7f800000u) { return 0x7e00u; }
  if (m == 0x7f800000u) { return s | 0x7c00u; }
  if (m < 0x38800000u) { return s | u32(bitcast<f32>(m) * 16777216.0f); }
  return s | ((m - 0x38000000u) >> 13u);
}`,
  fromF16Bits: `fn fromF16Bits(h: u32) -> f32 {
  let s = (h & 0x8000u) << 16u;
  let m = h & 0x7fffu;
  if (m < 0x400u) { return withSign(f32(m) * 5.9604644775390625e-8f, s); }
  if (m >= 0x7c00u) { return bitcast<f32>(s | 0x7f800000u | ((m & 0x3ffu) << 13u)); }
  return bitcast<f32>(s | ((m << 13u) + 0x38000000u));
}`,
  quotient: "fn quotient(a: f32, b: f32) -> f32 { return a / b; }",
  squareRoot: "fn squareRoot(x: f32) -> f32 { return sqrt(x); }",
  // x · 2^n in two steps, so that the result may be subnormal or infinite.
  scaled: `fn scaled(x: f32, n: i32) -> f32 {
  let half = n / 2;
  return (x * bitcast<f32>(u32(half + 127) << 23u)) * bitcast<f32>(u32(n - half + 127) << 23u);
}`,
} as const;
