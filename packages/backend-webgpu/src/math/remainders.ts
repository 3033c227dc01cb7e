/** Exact remainders of floats, bit by bit: the quotient of a rounded division may be far off. */
export const remainders = {
  // With the sign of the dividend.
  remainderOf: `fn remainderOf(a: f32, b: f32) -> f32 {
  if (!isFinite(a) || isNan(b) || magnitude(b) == 0u) { return nan(); }
  let s = signOf(a);
  if (magnitude(a) < magnitude(b)) { return a; }
  var exponentA = max(i32(magnitude(a) >> 23u), 1i);
  var exponentB = max(i32(magnitude(b) >> 23u), 1i);
  var x = (magnitude(a) & 0x007fffffu) | select(0u, 0x00800000u, magnitude(a) >= 0x00800000u);
  let y = (magnitude(b) & 0x007fffffu) | select(0u, 0x00800000u, magnitude(b) >= 0x00800000u);
  for (; exponentA > exponentB; exponentA--) {
    if (x >= y) { x = x - y; }
    x = x << 1u;
  }
  if (x >= y) { x = x - y; }
  if (x == 0u) { return bitcast<f32>(s); }
  while (x < 0x00800000u && exponentB > 1i) {
    x = x << 1u;
    exponentB--;
  }
  if (x >= 0x00800000u) { x = (x & 0x007fffffu) | (u32(exponentB) << 23u); }
  return bitcast<f32>(s | x);
}`,
  // With the sign of the divisor.
  moduloOf: `fn moduloOf(a: f32, b: f32) -> f32 {
  let rest = remainderOf(a, b);
  if (isNan(rest) || magnitude(rest) == 0u || signOf(rest) == signOf(b)) { return rest; }
  return rest + b;
}`,
} as const;
