/**
 * Exponentials: 2^n · e^r with r in ±ln 2 / 2 by a polynomial. Coefficients from Cephes (S. L. Moshier, expf.c); about
 * one unit in the last place, where WGSL's own functions lose up to 3 + 2·|x|.
 */
export const exponentials = {
  // e^r − 1 for |r| ≤ ln 2 / 2.
  exponentialTail: `fn exponentialTail(r: f32) -> f32 {
  var p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * r * r + r;
}`,
  exponential: `fn exponential(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x > 88.8f) { return infinity(); }
  if (x < -104.0f) { return 0.0f; }
  let n = round(x * 1.44269504088896341f);
  let r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  return scaled(1.0f + exponentialTail(r), i32(n));
}`,
  exponentialLess1: `fn exponentialLess1(x: f32) -> f32 {
  if (isNan(x) || magnitude(x) == 0u) { return x; }
  if (x > 88.8f) { return infinity(); }
  if (x < -20.0f) { return -1.0f; }
  let n = round(x * 1.44269504088896341f);
  let r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  let tail = exponentialTail(r);
  if (n == 0.0f) { return tail; }
  // Half of it is added first: 2^128 alone would be infinite.
  let half = scaled(0.5f, i32(n));
  return 2.0f * (half * tail + (half - 0.5f));
}`,
} as const;
