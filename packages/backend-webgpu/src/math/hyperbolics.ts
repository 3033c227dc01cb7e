/** Hyperbolic functions and their inverses; polynomials near zero from Cephes (S. L. Moshier, sinhf.c and others). */
export const hyperbolics = {
  hyperbolicSine: `fn hyperbolicSine(x: f32) -> f32 {
  let a = abs(x);
  if (isNan(x) || a < 1e-4f) { return x; }
  if (a < 1.0f) {
    let z = x * x;
    return ((2.03721912945e-4f * z + 8.33028376239e-3f) * z + 1.66667160211e-1f) * z * x + x;
  }
  // Half the exponential by parts: e^a alone may be infinite where the result is not.
  let e = exponential(a * 0.5f);
  let y = select(0.5f * e * e, 0.5f * exponential(a) - 0.5f / exponential(a), a < 80.0f);
  return withSign(y, signOf(x));
}`,
  hyperbolicCosine: `fn hyperbolicCosine(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  if (a >= 80.0f) {
    let e = exponential(a * 0.5f);
    return 0.5f * e * e;
  }
  let e = exponential(a);
  return 0.5f * e + 0.5f / e;
}`,
  hyperbolicTangent: `fn hyperbolicTangent(x: f32) -> f32 {
  let a = abs(x);
  if (isNan(x) || a < 1e-4f) { return x; }
  if (a > 10.0f) { return withSign(1.0f, signOf(x)); }
  if (a >= 0.625f) { return withSign(1.0f - 2.0f / (exponential(2.0f * a) + 1.0f), signOf(x)); }
  let z = x * x;
  var p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  return p * z * x + x;
}`,
  areaSine: `fn areaSine(x: f32) -> f32 {
  let a = abs(x);
  if (!isFinite(x) || a < 1e-4f) { return x; }
  if (a > 1500.0f) { return withSign(logarithm(a) + 0.69314718f, signOf(x)); }
  let z = x * x;
  if (a < 0.5f) {
    return (((2.0122003309e-2f * z - 4.2699340972e-2f) * z + 7.4847586088e-2f) * z - 1.6666288134e-1f) * z * x + x;
  }
  return withSign(logarithm1(a + z / (1.0f + sqrt(z + 1.0f))), signOf(x));
}`,
  areaCosine: `fn areaCosine(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x < 1.0f) { return nan(); }
  if (isInfinite(x)) { return x; }
  if (x > 1500.0f) { return logarithm(x) + 0.69314718f; }
  let z = x - 1.0f;
  return logarithm1(z + sqrt(z * (x + 1.0f)));
}`,
  areaTangent: `fn areaTangent(x: f32) -> f32 {
  let a = abs(x);
  if (isNan(x) || a < 1e-4f) { return x; }
  if (a > 1.0f) { return nan(); }
  if (a == 1.0f) { return withSign(infinity(), signOf(x)); }
  if (a < 0.5f) {
    let z = x * x;
    var p = 1.81740078349e-1f;
    p = p * z + 8.24370301058e-2f;
    p = p * z + 1.46691431730e-1f;
    p = p * z + 1.99782164500e-1f;
    p = p * z + 3.33337300303e-1f;
    return p * z * x + x;
  }
  return withSign(0.5f * logarithm((1.0f + a) / (1.0f - a)), signOf(x));
}`,
} as const;
