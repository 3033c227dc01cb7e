/** Logarithms. The polynomial is that of Cephes (S. L. Moshier, logf.c), on the fraction between √½ and √2. */
export const logarithms = {
  // log(1 + x) + e·ln 2 for x between √½ − 1 and √2 − 1.
  logarithmNear1: `fn logarithmNear1(x: f32, e: f32) -> f32 {
  let z = x * x;
  var p = 7.0376836292e-2f;
  p = p * x - 1.1514610310e-1f;
  p = p * x + 1.1676998740e-1f;
  p = p * x - 1.2420140846e-1f;
  p = p * x + 1.4249322787e-1f;
  p = p * x - 1.6668057665e-1f;
  p = p * x + 2.0000714765e-1f;
  p = p * x - 2.4999993993e-1f;
  p = p * x + 3.3333331174e-1f;
  let y = p * x * z - 2.12194440e-4f * e - 0.5f * z;
  return (x + y) + 0.693359375f * e;
}`,
  logarithm: `fn logarithm(x: f32) -> f32 {
  var m = magnitude(x);
  if (m > 0x7f800000u) { return x; }
  if (m == 0u) { return fromBits(0xff800000u); }
  if (signOf(x) != 0u) { return nan(); }
  if (m == 0x7f800000u) { return x; }
  var e = 0i;
  if (m < 0x00800000u) {
    // A subnormal is a whole number of 2^-149.
    m = bitcast<u32>(f32(m));
    e = -149i;
  }
  e = e + i32(m >> 23u) - 127i;
  var fraction = bitcast<f32>((m & 0x007fffffu) | 0x3f800000u);
  if (fraction > 1.41421356f) {
    fraction = fraction * 0.5f;
    e = e + 1i;
  }
  return logarithmNear1(fraction - 1.0f, f32(e));
}`,
  logarithm1: `fn logarithm1(x: f32) -> f32 {
  if (isNan(x) || magnitude(x) == 0u) { return x; }
  if (x > -0.29f && x < 0.41f) { return logarithmNear1(x, 0.0f); }
  return logarithm(1.0f + x);
}`,
} as const;
