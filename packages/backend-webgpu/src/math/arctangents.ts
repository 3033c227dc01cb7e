/** Inverse trigonometric functions; polynomials from Cephes (S. L. Moshier, asinf.c, atanf.c). */
export const arctangents = {
  // asin(x) for 0 ≤ x ≤ ½, given x and x².
  arcsineNear0: `fn arcsineNear0(x: f32, z: f32) -> f32 {
  var p = 4.2163199048e-2f;
  p = p * z + 2.4181311049e-2f;
  p = p * z + 4.5470025998e-2f;
  p = p * z + 7.4953002686e-2f;
  p = p * z + 1.6666752422e-1f;
  return p * z * x + x;
}`,
  arcsine: `fn arcsine(x: f32) -> f32 {
  let a = abs(x);
  if (isNan(x) || a < 1e-4f) { return x; }
  if (a > 1.0f) { return nan(); }
  if (a <= 0.5f) { return arcsineNear0(x, x * x); }
  let z = 0.5f * (1.0f - a);
  return withSign(1.57079632679f - 2.0f * arcsineNear0(sqrt(z), z), signOf(x));
}`,
  arccosine: `fn arccosine(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  if (a > 1.0f) { return nan(); }
  if (a <= 0.5f) { return 1.57079632679f - arcsineNear0(x, x * x); }
  let z = 0.5f * (1.0f - a);
  let y = 2.0f * arcsineNear0(sqrt(z), z);
  return select(y, 3.14159265359f - y, x < 0.0f);
}`,
  arctangent: `fn arctangent(x: f32) -> f32 {
  if (isNan(x) || abs(x) < 1e-4f) { return x; }
  var a = abs(x);
  var start = 0.0f;
  if (isInfinite(x)) {
    a = 0.0f;
    start = 1.57079632679f;
  } else if (a > 2.414213562373095f) {
    a = -1.0f / a;
    start = 1.57079632679f;
  } else if (a > 0.4142135623730950f) {
    a = (a - 1.0f) / (a + 1.0f);
    start = 0.785398163397f;
  }
  let z = a * a;
  let p = (((8.05374449538e-2f * z - 1.38776856032e-1f) * z + 1.99777106478e-1f) * z - 3.33329491539e-1f) * z * a + a;
  return withSign(start + p, signOf(x));
}`,
  arctangent2: `fn arctangent2(y: f32, x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (isNan(y)) { return y; }
  let isBehind = signOf(x) != 0u;
  var angle = 0.0f;
  if (magnitude(y) == 0u) {
    angle = 0.0f;
  } else if (magnitude(x) == 0u || (isInfinite(y) && !isInfinite(x))) {
    return withSign(1.57079632679f, signOf(y));
  } else if (isInfinite(x)) {
    angle = select(0.0f, 0.785398163397f, isInfinite(y));
  } else {
    // The larger divides, so that the quotient is finite.
    let a = abs(x);
    let b = abs(y);
    if (b > a) { angle = 1.57079632679f - arctangent(a / b); } else { angle = arctangent(b / a); }
  }
  return withSign(select(angle, 3.14159265359f - angle, isBehind), signOf(y));
}`,
} as const;
