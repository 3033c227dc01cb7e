/**
 * Sine, cosine and tangent. The argument is reduced to ±π/4 by subtracting a multiple of π/2 in three parts (Cody and Waite)
 * up to 2^13, and beyond that by multiplying with as many bits of 2/π as matter (Payne and Hanek), in integers.
 * Polynomials from Cephes (S. L. Moshier, sinf.c, tanf.c).
 */
export const trigonometry = {
  // 32 bits of 2/π from the bit that stands 'at' bits behind the binary point.
  bitsOfTwoOverPi: `fn bitsOfTwoOverPi(at: u32) -> u32 {
  var words = array<u32, 8>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu);
  let word = at >> 5u;
  let shift = at & 31u;
  if (shift == 0u) { return words[word]; }
  return (words[word] << shift) | (words[word + 1u] >> (32u - shift));
}`,
  // The upper word of a product.
  upperProduct: `fn upperProduct(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let left = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let right = (a & 0xffffu) * (b >> 16u) + (left & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (left >> 16u) + (right >> 16u);
}`,
  // The remainder of |x| by π/2 in ±π/4, and the quotient's last two bits.
  reducedAngle: `fn reducedAngle(x: f32) -> vec2<f32> {
  let a = abs(x);
  if (a < 8192.0f) {
    let n = round(a * 0.636619772f);
    let r = ((a - n * 1.5703125f) - n * 4.83751296997e-4f) - n * 7.54978995489e-8f;
    return vec2<f32>(r, n - 4.0f * floor(n * 0.25f));
  }
  let m = magnitude(x);
  let fraction = (m & 0x007fffffu) | 0x00800000u;
  // a = fraction · 2^e: the bits of 2/π left of 2^(2−e) only make multiples of four quarter turns.
  let e = (m >> 23u) - 150u;
  let first = 32u + e - 2u;
  let w0 = bitsOfTwoOverPi(first);
  let w1 = bitsOfTwoOverPi(first + 32u);
  let w2 = bitsOfTwoOverPi(first + 64u);
  // The product modulo 2^96, in units of 2^-94 quarter turns: two whole bits, then the fraction.
  let carry1 = upperProduct(fraction, w2);
  let low = fraction * w1;
  let middle = low + carry1;
  let high = fraction * w0 + upperProduct(fraction, w1) + select(0u, 1u, middle < low);
  var quarter = high >> 30u;
  var rest = (high << 2u) | (middle >> 30u);
  var restLow = middle << 2u;
  var s = 1.0f;
  if (rest >= 0x80000000u) {
    quarter = (quarter + 1u) & 3u;
    // Two's complement of both words.
    restLow = ~restLow + 1u;
    rest = ~rest + select(0u, 1u, restLow == 0u);
    s = -1.0f;
  }
  let turn = f32(rest) * 2.3283064365386963e-10f + f32(restLow) * 5.421010862427522e-20f;
  return vec2<f32>(s * turn * 1.57079632679f, f32(quarter));
}`,
  sineNear0: `fn sineNear0(r: f32) -> f32 {
  let z = r * r;
  return ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r;
}`,
  cosineNear0: `fn cosineNear0(r: f32) -> f32 {
  let z = r * r;
  return ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1.0f;
}`,
  sine: `fn sine(x: f32) -> f32 {
  if (!isFinite(x)) { return nan(); }
  if (abs(x) < 1e-4f) { return x; }
  let angle = reducedAngle(x);
  let quarter = u32(angle.y);
  let y = select(sineNear0(angle.x), cosineNear0(angle.x), (quarter & 1u) == 1u);
  return bitcast<f32>(bitcast<u32>(y) ^ signOf(x) ^ ((quarter & 2u) << 30u));
}`,
  cosine: `fn cosine(x: f32) -> f32 {
  if (!isFinite(x)) { return nan(); }
  let angle = reducedAngle(x);
  let quarter = u32(angle.y);
  let y = select(cosineNear0(angle.x), sineNear0(angle.x), (quarter & 1u) == 1u);
  return bitcast<f32>(bitcast<u32>(y) ^ (((quarter + 1u) & 2u) << 30u));
}`,
  tangent: `fn tangent(x: f32) -> f32 {
  if (!isFinite(x)) { return nan(); }
  if (abs(x) < 1e-4f) { return x; }
  let angle = reducedAngle(x);
  let r = angle.x;
  let z = r * r;
  var p = 9.38540185543e-3f;
  p = p * z + 3.11992232697e-3f;
  p = p * z + 2.44301354525e-2f;
  p = p * z + 5.34112807005e-2f;
  p = p * z + 1.33387994085e-1f;
  p = p * z + 3.33331568548e-1f;
  let near = p * z * r + r;
  let y = select(near, -1.0f / near, (u32(angle.y) & 1u) == 1u);
  return bitcast<f32>(bitcast<u32>(y) ^ signOf(x));
}`,
} as const;
