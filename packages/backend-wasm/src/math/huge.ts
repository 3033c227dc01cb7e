import {
  type Callee,
  type Local,
  type ModuleBuilder,
  type Value,
  call,
  f64,
  f64x2,
  i32,
  i64,
  i64x2,
  select,
} from "../emit/index.ts";
import { TWO_OVER_PI } from "./coefficients/angles.ts";

/** Lane 0: the angle within π/4, lane 1: what its rounding lost, whose two low bits are the quadrant. For f64 from 2²⁰ on. */
export type HugeReduction = Callee<readonly ["f64"], "v128">;

const PIO2 = Math.PI / 2;
/** The leading 26 bits of π/2, and what f64 leaves of it. */
const PIO2_HEAD = 1.5707963109016418;
const PIO2_LOW = 6.123233995736766e-17;

/**
 * x mod π/2 for |x| ≥ 2²⁰, by the method of Payne and Hanek ("Radian reduction for trigonometric functions", SIGNUM 18,
 * 1983): the mantissa times the 192 bits of 2/π that matter, as integers; more whole turns are multiples of 4.
 */
export function hugeReduction(module: ModuleBuilder): HugeReduction {
  const word = tableFunction(module);
  const high = highProduct(module);
  return module.function(["f64"], "v128", (body, x) => {
    const bits = body.let(i64.reinterpretF64(x));
    const mantissa = body.let(i64.or(i64.and(bits, i64.const((1n << 52n) - 1n)), i64.const(1n << 52n)));
    const biased = i64.and(i64.shrU(bits, i64.const(52n)), i64.const(0x7ffn));
    // |x| = mantissa·2^e; bits of 2/π above e − 2 give multiples of 4. One word of zeros stands before the table.
    const start = body.let(i32.add(i32.wrapI64(biased), i32.const(64 - 2 - 1075)));
    const first = body.let(i32.shrU(start, i32.const(6)));
    const shift = body.let(i64.extendI32U(i32.and(start, i32.const(63))));
    const window = (index: number): Value<"i64"> => {
      const at = i32.add(first, i32.const(index));
      const next = i64.shrU(
        i64.shrU(call(word, i32.add(at, i32.const(1))), i64.const(1n)),
        i64.sub(i64.const(63n), shift),
      );
      return i64.or(i64.shl(call(word, at), shift), next);
    };
    const [w2, w1, w0] = [body.let(window(0)), body.let(window(1)), body.let(window(2))];
    // The low 192 bits of the product: two bits of quadrant, then the fraction.
    const carried = body.let(call(high, mantissa, w0));
    const middle = body.let(i64.add(i64.mul(mantissa, w1), carried));
    const carry = i64.extendI32U(i64.ltU(middle, carried));
    const top = body.let(i64.add(i64.add(i64.mul(mantissa, w2), call(high, mantissa, w1)), carry));
    const fraction = body.let(i64.or(i64.shl(top, i64.const(2n)), i64.shrU(middle, i64.const(62n))));
    const below = i64.shl(middle, i64.const(2n));
    // A fraction of a half or more belongs to the next quadrant: signed, it is negative.
    const quadrant = body.let(i64.add(i64.shrU(top, i64.const(62n)), i64.shrU(fraction, i64.const(63n))));
    const whole = body.let(f64.convertI64S(fraction));
    const rest = f64.convertI64S(i64.sub(fraction, i64.truncSatF64S(whole)));
    const small = f64.add(rest, f64.mul(f64.convertI64U(below), f64.const(2 ** -64)));
    // Times π/2 as a pair; the product of the leading parts is made exact by Dekker's halves.
    const upper = (value: Value<"f64">): Local<"f64"> =>
      body.let(f64.reinterpretI64(i64.and(i64.reinterpretF64(value), i64.const(-0x8000000n))));
    const head = upper(whole);
    const tail = f64.sub(whole, head);
    const product = body.let(f64.mul(whole, f64.const(PIO2)));
    const cross = f64.add(
      f64.sub(f64.mul(head, f64.const(PIO2_HEAD)), product),
      f64.add(f64.mul(head, f64.const(PIO2 - PIO2_HEAD)), f64.mul(tail, f64.const(PIO2_HEAD))),
    );
    const exact = f64.add(cross, f64.mul(tail, f64.const(PIO2 - PIO2_HEAD)));
    const lost = body.let(
      f64.add(exact, f64.add(f64.mul(whole, f64.const(PIO2_LOW)), f64.mul(small, f64.const(PIO2)))),
    );
    const angle = body.let(f64.add(product, lost));
    const left = f64.sub(lost, f64.sub(angle, product));
    const sign = body.let(f64.copysign(f64.const(2 ** -64), x));
    const turned = body.let(select(i64.ltS(bits, i64.const(0n)), i64.sub(i64.const(0n), quadrant), quadrant));
    const tagged = i64.or(
      i64.and(i64.reinterpretF64(f64.mul(left, sign)), i64.const(-4n)),
      i64.and(turned, i64.const(3n)),
    );
    return i64x2.replaceLane(f64x2.splat(f64.mul(angle, sign)), 1, tagged);
  });
}

/** Word of the table by number; 0 past its end. */
function tableFunction(module: ModuleBuilder): Callee<readonly ["i32"], "i64"> {
  return module.function(["i32"], "i64", (body, index) => {
    TWO_OVER_PI.forEach((value, at) => {
      body.if(i32.eq(index, i32.const(at)), () => body.return(i64.const(value)));
    });
    return i64.const(0n);
  });
}

/** The upper 64 bits of a product of unsigned words. */
function highProduct(module: ModuleBuilder): Callee<readonly ["i64", "i64"], "i64"> {
  return module.function(["i64", "i64"], "i64", (body, a, b) => {
    const low = (value: Value<"i64">): Value<"i64"> => i64.and(value, i64.const(0xffffffffn));
    const upper = (value: Value<"i64">): Value<"i64"> => i64.shrU(value, i64.const(32n));
    const [a0, a1, b0, b1] = [body.let(low(a)), body.let(upper(a)), body.let(low(b)), body.let(upper(b))];
    const first = body.let(i64.add(i64.mul(a1, b0), upper(i64.mul(a0, b0))));
    const second = i64.add(i64.mul(a0, b1), low(first));
    return i64.add(i64.mul(a1, b1), i64.add(upper(first), upper(second)));
  });
}
