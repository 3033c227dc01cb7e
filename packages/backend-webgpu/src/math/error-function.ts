/** The error function: rational approximations on five ranges, coefficients from FreeBSD's msun (s_erff.c, W. J. Cody's method). */
export const errorFunction = {
  errorOf: `fn errorOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  if (a < 0.84375f) {
    if (a < 1e-4f) { return 1.1283791670955126f * x; }
    let z = x * x;
    let r = (((-2.3763017e-5f * z - 5.7700274e-3f) * z - 2.8481750e-2f) * z - 3.2504210e-1f) * z + 1.2837917e-1f;
    let s = ((((-3.9602282e-6f * z + 1.3249473e-4f) * z + 5.0813062e-3f) * z + 6.5022250e-2f) * z + 3.9791723e-1f) * z + 1.0f;
    return x + x * (r / s);
  }
  if (a >= 6.0f) { return withSign(1.0f, signOf(x)); }
  if (a < 1.25f) {
    let s = a - 1.0f;
    let p = (((((-2.1663756e-3f * s + 3.5478305e-2f) * s - 1.1089469e-1f) * s + 3.1834662e-1f) * s - 3.7220788e-1f) * s + 4.1485613e-1f) * s - 2.3621186e-3f;
    let q = (((((1.1984500e-2f * s + 1.3637084e-2f) * s + 1.2617122e-1f) * s + 7.1828544e-2f) * s + 5.4039792e-1f) * s + 1.0642088e-1f) * s + 1.0f;
    return withSign(8.4506291e-1f + p / q, signOf(x));
  }
  return withSign(1.0f - errorTail(a), signOf(x));
}`,
  // 1 − erf(a) for a ≥ 1.25.
  errorTail: `fn errorTail(a: f32) -> f32 {
  let s = 1.0f / (a * a);
  var p = 0.0f;
  var q = 0.0f;
  if (a < 2.857143f) {
    p = ((((((-9.8143291f * s - 8.1287436e1f) * s - 1.8460509e2f) * s - 1.6239667e2f) * s - 6.2375332e1f) * s - 1.0558626e1f) * s - 6.9385857e-1f) * s - 9.8649440e-3f;
    q = (((((((-6.0424415e-2f * s + 6.5702496f) * s + 1.0863500e2f) * s + 4.2900814e2f) * s + 6.4538727e2f) * s + 4.3456588e2f) * s + 1.3765776e2f) * s + 1.9651272e1f) * s + 1.0f;
  } else {
    p = (((((-4.8351919e2f * s - 1.0250951e3f) * s - 6.3756644e2f) * s - 1.6063638e2f) * s - 1.7757955e1f) * s - 7.9928326e-1f) * s - 9.8649433e-3f;
    q = ((((((-2.2440953e1f * s + 4.7452854e2f) * s + 2.5530503e3f) * s + 3.1998582e3f) * s + 1.5367296e3f) * s + 3.2579251e2f) * s + 3.0338060e1f) * s + 1.0f;
  }
  // a² is split so that the rounding error of the square does not reach the exponential.
  let head = bitcast<f32>(bitcast<u32>(a) & 0xfffff000u);
  return exponential(-head * head - 0.5625f) * exponential((head - a) * (head + a) + p / q) / a;
}`,
} as const;
