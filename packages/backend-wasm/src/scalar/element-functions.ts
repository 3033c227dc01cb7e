import { type Callee, type Value, f32, f64, i32, i64, select } from "../emit/index.ts";
import type { Helpers } from "./helpers.ts";

/** A float remainder with the sign of the dividend, exact: division of the mantissas as integers, bit by bit. */
export const remainder = (helpers: Helpers): Callee<readonly ["f64", "f64"], "f64"> =>
  helpers.get("fmod", (module) =>
    module.function(["f64", "f64"], "f64", (body, a, b) => {
      const [top, bottom] = [body.let(f64.abs(a)), body.let(f64.abs(b))];
      const defined = i32.and(f64.lt(top, f64.const(Infinity)), f64.gt(bottom, f64.const(0)));
      body.if(i32.eqz(defined), () => body.return(f64.const(NaN)));
      body.if(f64.lt(top, bottom), () => body.return(a));
      /** Mantissa with its leading 1, and exponent; subnormals have the exponent of the smallest normal and no leading 1. */
      const parts = (
        x: Value<"f64">,
      ): { readonly mantissa: Value<"i64">; readonly exponent: Value<"i64"> } => {
        const bits = body.let(i64.reinterpretF64(x));
        const exponent = body.let(i64.shrU(bits, i64.const(52n)));
        const fraction = i64.and(bits, i64.const((1n << 52n) - 1n));
        const normal = i64.ne(exponent, i64.const(0n));
        return {
          mantissa: select(normal, i64.or(fraction, i64.const(1n << 52n)), fraction),
          exponent: select(normal, exponent, i64.const(1n)),
        };
      };
      const [x, y] = [parts(top), parts(bottom)];
      const [rest, by] = [body.let(x.mantissa), body.let(y.mantissa)];
      const exponent = body.let(y.exponent);
      const steps = body.let(i64.sub(x.exponent, exponent));
      body.set(rest, i64.remU(rest, by));
      body.block((done) =>
        body.loop((again) => {
          body.jumpIf(done, i64.eqz(steps));
          body.set(rest, i64.shl(rest, i64.const(1n)));
          body.set(rest, select(i64.geU(rest, by), i64.sub(rest, by), rest));
          body.set(steps, i64.sub(steps, i64.const(1n)));
          body.jump(again);
        }),
      );
      // rest·2^(exponent − 1075), by two factors, since the first may be no normal number; each product is exact.
      const scale = (power: Value<"i64">): Value<"f64"> =>
        f64.reinterpretI64(i64.shl(i64.add(power, i64.const(1023n)), i64.const(52n)));
      const shift = body.let(i64.sub(exponent, i64.const(1075n)));
      const half = body.let(i64.shrS(shift, i64.const(1n)));
      const size = f64.mul(f64.mul(f64.convertI64U(rest), scale(half)), scale(i64.sub(shift, half)));
      return f64.copysign(size, a);
    }),
  );

/** base^exponent by squaring, wrapping; the exponent is unsigned. */
export const powerI64 = (helpers: Helpers): Callee<readonly ["i64", "i64"], "i64"> =>
  helpers.get("integer power", (module) =>
    module.function(["i64", "i64"], "i64", (body, base, exponent) => {
      const result = body.let(i64.const(1n));
      body.block((done) =>
        body.loop((again) => {
          body.jumpIf(done, i64.eqz(exponent));
          const isOdd = i32.wrapI64(i64.and(exponent, i64.const(1n)));
          body.set(result, select(isOdd, i64.mul(result, base), result));
          body.set(base, i64.mul(base, base));
          body.set(exponent, i64.shrU(exponent, i64.const(1n)));
          body.jump(again);
        }),
      );
      return result;
    }),
  );

/** f64 to f32, to the odd neighbour if inexact, so that rounding again to fewer bits rounds as once. */
export const demoteOdd = (helpers: Helpers): Callee<readonly ["f64"], "f32"> =>
  helpers.get("demote to odd", (module) =>
    module.function(["f64"], "f32", (body, x) => {
      const near = body.let(f32.demoteF64(x));
      const back = body.let(f64.promoteF32(near));
      body.if(i32.or(f64.eq(back, x), f64.ne(x, x)), () => body.return(near));
      const over = f64.gt(f64.abs(back), f64.abs(x));
      return f32.reinterpretI32(i32.or(i32.sub(i32.reinterpretF32(near), over), i32.const(1)));
    }),
  );
