/**
 * Powers: log2 of the base in two parts of f32 (the upper ones with 12 bits, whose products are exact), times the exponent
 * in two parts, then 2^that. After FreeBSD's msun (e_powf.c, Sun Microsystems).
 */
export const powers = {
  // The upper 12 bits of the fraction.
  head: "fn head(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }",
  power: `fn power(x: f32, y: f32) -> f32 {
  if (magnitude(y) == 0u || bitcast<u32>(x) == 0x3f800000u) { return 1.0f; }
  if (isNan(x)) { return x; }
  if (isNan(y)) { return y; }
  let a = abs(x);
  let whole = isFinite(y) && floor(y) == y;
  let odd = whole && abs(y) < 16777216.0f && (i32(y) & 1i) == 1i;
  let s = select(0u, signOf(x), odd);
  if (isInfinite(y)) {
    // A base of magnitude 1 to an infinite exponent has no value.
    if (a == 1.0f) { return nan(); }
    return select(0.0f, infinity(), (a > 1.0f) == (y > 0.0f));
  }
  if (magnitude(x) == 0u || isInfinite(x)) {
    return withSign(select(0.0f, infinity(), isInfinite(x) == (y > 0.0f)), s);
  }
  if (signOf(x) != 0u && !whole) { return nan(); }
  return withSign(positivePower(a, y), s);
}`,
  positivePower: `fn positivePower(a: f32, y: f32) -> f32 {
  if (a == 1.0f) { return 1.0f; }
  // Beyond this, all but bases next to 1 overflow or vanish.
  if (abs(y) > 2147483648.0f) { return select(0.0f, infinity(), (a > 1.0f) == (y > 0.0f)); }
  var m = magnitude(a);
  var e = 0i;
  if (m < 0x00800000u) {
    m = bitcast<u32>(f32(m));
    e = -149i;
  }
  e = e + i32(m >> 23u) - 127i;
  var f = bitcast<f32>((m & 0x007fffffu) | 0x3f800000u);
  if (f > 1.41421356f) {
    f = f * 0.5f;
    e = e + 1i;
  }
  // s = (f − 1)/(f + 1) in two parts; log f = 2s + ⅔s³ + …
  let u = f - 1.0f;
  let v = 1.0f / (f + 1.0f);
  let s = u * v;
  let sh = head(s);
  let th = head(f + 1.0f);
  let tl = f - (th - 1.0f);
  let sl = v * ((u - sh * th) - sh * tl);
  let z = s * s;
  let r = z * z * (0.6f + z * (0.42857143f + z * (0.33333333f + z * (0.27272727f + z * (0.23076923f + z * 0.2f)))))
    + sl * (sh + s);
  let hh = sh * sh;
  let qh = head(3.0f + hh + r);
  let ql = r - ((qh - 3.0f) - hh);
  let p = sh * qh;
  let pl0 = sl * qh + ql * s;
  let ph = head(p + pl0);
  let pl = pl0 - (ph - p);
  // Times 2/(3 ln 2), the upper part in 12 bits.
  let zh = 9.6191406250e-01f * ph;
  let zl = -1.1736857402e-04f * ph + pl * 9.6179670095e-01f;
  let n = f32(e);
  let t1 = head((zh + zl) + n);
  let t2 = zl - ((t1 - n) - zh);
  let yh = head(y);
  let low = (y - yh) * t1 + y * t2;
  let high = yh * t1;
  let exponent = low + high;
  if (exponent >= 128.5f) { return infinity(); }
  if (exponent < -151.0f) { return 0.0f; }
  let whole = round(exponent);
  let rest = (high - whole) + low;
  // e^(rest·ln 2) with ln 2 in two parts.
  let restHead = head(rest);
  let tail = restHead * 0.693145751953f + ((rest - restHead) * 0.69314718f + restHead * 1.42860654e-06f);
  return scaled(1.0f + exponentialTail(tail), i32(whole));
}`,
} as const;
