/** Integer operations as the reference defines them: division by zero is 0, shifts by the width or more give what they tend to. */
export const integers = {
  divI32: "fn divI32(a: i32, b: i32) -> i32 { return select(a / select(b, 1i, b == 0i), 0i, b == 0i); }",
  divU32: "fn divU32(a: u32, b: u32) -> u32 { return select(a / select(b, 1u, b == 0u), 0u, b == 0u); }",
  remI32: `fn remI32(a: i32, b: i32) -> i32 {
  if (b == 0i || b == -1i) { return 0i; }
  return a % b;
}`,
  remU32: "fn remU32(a: u32, b: u32) -> u32 { return select(a % select(b, 1u, b == 0u), 0u, b == 0u); }",
  modI32: `fn modI32(a: i32, b: i32) -> i32 {
  let rest = remI32(a, b);
  return select(rest, rest + b, rest != 0i && (rest < 0i) != (b < 0i));
}`,
  // By squaring, wrapping; a negative exponent gives the truncated reciprocal.
  powI32: `fn powI32(base: i32, exponent: i32) -> i32 {
  if (exponent < 0i) {
    if (base == -1i) { return select(-1i, 1i, (exponent & 1i) == 0i); }
    return select(0i, 1i, base == 1i);
  }
  return bitcast<i32>(powU32(bitcast<u32>(base), u32(exponent)));
}`,
  powU32: `fn powU32(base: u32, exponent: u32) -> u32 {
  var result = 1u;
  var square = base;
  for (var rest = exponent; rest > 0u; rest = rest >> 1u) {
    if ((rest & 1u) == 1u) { result = result * square; }
    square = square * square;
  }
  return result;
}`,
  shiftLeftI32: `fn shiftLeftI32(a: i32, b: i32) -> i32 {
  return select(a << (u32(b) & 31u), 0i, b < 0i || b >= 32i);
}`,
  shiftLeftU32: "fn shiftLeftU32(a: u32, b: u32) -> u32 { return select(a << (b & 31u), 0u, b >= 32u); }",
  shiftRightI32: `fn shiftRightI32(a: i32, b: i32) -> i32 {
  return a >> select(u32(b), 31u, b < 0i || b >= 32i);
}`,
  shiftRightU32: "fn shiftRightU32(a: u32, b: u32) -> u32 { return select(a >> (b & 31u), 0u, b >= 32u); }",
  signI32: "fn signI32(x: i32) -> i32 { return select(select(0i, 1i, x > 0i), -1i, x < 0i); }",
  // Truncated and saturated to a range whose ends are exact in f32 or lie beyond; NaN is 0.
  toI32: `fn toI32(x: f32, low: i32, high: i32) -> i32 {
  if (isNan(x)) { return 0i; }
  if (x <= -2147483648.0f) { return low; }
  if (x >= 2147483648.0f) { return high; }
  return clamp(i32(x), low, high);
}`,
  toU32: `fn toU32(x: f32, high: u32) -> u32 {
  if (isNan(x) || x <= 0.0f) { return 0u; }
  if (x >= 4294967296.0f) { return high; }
  return min(u32(x), high);
}`,
} as const;
