import { type Callee, type Value, call, f32, i32, select } from "../emit/index.ts";
import type { Half } from "./carriers.ts";
import type { Helpers, Scope } from "./helpers.ts";

/** Bits of f16 from an f32, rounded to nearest, ties to even; NaN is 0x7e00. */
const encodeF16 = (helpers: Helpers): Callee<readonly ["f32"], "i32"> =>
  helpers.get("encode f16", (module) =>
    module.function(["f32"], "i32", (body, x) => {
      const bits = body.let(i32.reinterpretF32(x));
      const sign = body.let(i32.and(i32.shrU(bits, i32.const(16)), i32.const(0x8000)));
      const magnitude = body.let(f32.abs(x));
      body.if(f32.ne(x, x), () => body.return(i32.const(0x7e00)));
      body.if(f32.ge(magnitude, f32.const(65520)), () => body.return(i32.or(sign, i32.const(0x7c00))));
      body.if(f32.lt(magnitude, f32.const(2 ** -14)), () => {
        // Adding ½ leaves the multiple of 2⁻²⁴ in the low bits.
        const shifted = i32.reinterpretF32(f32.add(magnitude, f32.const(0.5)));
        body.return(i32.or(sign, i32.sub(shifted, i32.const(0x3f000000))));
      });
      const word = body.let(i32.reinterpretF32(magnitude));
      const even = i32.and(i32.shrU(word, i32.const(13)), i32.const(1));
      const rounded = i32.add(i32.add(word, i32.const(0xfff)), even);
      return i32.or(sign, i32.shrU(i32.sub(rounded, i32.const(112 << 23)), i32.const(13)));
    }),
  );

const decodeF16 = (helpers: Helpers): Callee<readonly ["i32"], "f32"> =>
  helpers.get("decode f16", (module) =>
    module.function(["i32"], "f32", (body, half) => {
      const word = body.let(i32.shl(i32.and(half, i32.const(0x7fff)), i32.const(13)));
      // Scaling by 2¹¹² puts the exponent right, for subnormals too; the largest exponent means ∞ and NaN.
      const scaled = body.let(f32.mul(f32.reinterpretI32(word), f32.const(2 ** 112)));
      const special = f32.reinterpretI32(i32.or(word, i32.const(0x7f800000)));
      const magnitude = select(i32.geU(word, i32.const(0x7c00 << 13)), special, scaled);
      return f32.reinterpretI32(
        i32.or(i32.reinterpretF32(magnitude), i32.shl(i32.and(half, i32.const(0x8000)), i32.const(16))),
      );
    }),
  );

const encodeBf16 = (helpers: Helpers): Callee<readonly ["f32"], "i32"> =>
  helpers.get("encode bf16", (module) =>
    module.function(["f32"], "i32", (body, x) => {
      body.if(f32.ne(x, x), () => body.return(i32.const(0x7fc0)));
      const word = body.let(i32.reinterpretF32(x));
      const even = i32.and(i32.shrU(word, i32.const(16)), i32.const(1));
      return i32.shrU(i32.add(i32.add(word, i32.const(0x7fff)), even), i32.const(16));
    }),
  );

/** The 16 bits of an f32 rounded to the type. */
export const encode = ({ helpers }: Scope, dtype: Half, x: Value<"f32">): Value<"i32"> =>
  call(dtype === "f16" ? encodeF16(helpers) : encodeBf16(helpers), x);

export const decode = ({ helpers }: Scope, dtype: Half, bits: Value<"i32">): Value<"f32"> =>
  dtype === "f16" ? call(decodeF16(helpers), bits) : f32.reinterpretI32(i32.shl(bits, i32.const(16)));
