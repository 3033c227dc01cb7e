import {
  type Body,
  type Callee,
  type ModuleBuilder,
  type Value,
  call,
  f32x4,
  f64x2,
  i32x4,
} from "../emit/index.ts";
import * as arc64 from "./arc64.ts";
import * as exp32 from "./exp32.ts";
import * as exp64 from "./exp64.ts";
import { hugeReduction } from "./huge.ts";
import { type Lanes, type Vector, type VectorLocal, doubles, singles } from "./lanes.ts";
import * as log32 from "./log32.ts";
import * as log64 from "./log64.ts";
import { powDouble } from "./pow64.ts";
import { powSingle } from "./pow.ts";
import { type HugeReduction, cos64, sin64, sineTurned32, tan64 } from "./trig.ts";

/** Functions of one float. */
export type UnaryMath =
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sin"
  | "cos"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "sinh"
  | "cosh"
  | "tanh"
  | "asinh"
  | "acosh"
  | "atanh"
  | "erf";
export type BinaryMath = "pow" | "atan2";

type Vectorized = Callee<readonly ["v128"], "v128">;
type Emit = (m: Lanes, x: VectorLocal, huge: HugeReduction) => Vector;

/** On two f64. */
const f64Functions: { readonly [N in UnaryMath]: Emit } = {
  exp: exp64.exp,
  expm1: exp64.expm1,
  log: log64.log,
  log1p: log64.log1p,
  sin: sin64,
  cos: cos64,
  tan: tan64,
  asin: arc64.asin,
  acos: arc64.acos,
  atan: arc64.atan,
  sinh: exp64.sinh,
  cosh: exp64.cosh,
  tanh: exp64.tanh,
  asinh: log64.asinh,
  acosh: log64.acosh,
  atanh: log64.atanh,
  erf: exp64.erf,
};

/** On four f32 in place. The other functions go through f64. */
const f32Functions: { readonly [N in UnaryMath]?: (m: Lanes, x: VectorLocal) => Vector } = {
  exp: exp32.exp,
  expm1: exp32.expm1,
  log: log32.log,
  log1p: log32.log1p,
  tanh: exp32.tanh,
  erf: exp32.erf,
};

/** Mathematical functions for one module: short ones are written in place, long ones once as functions of the module. */
export class MathLibrary {
  readonly #module: ModuleBuilder;
  readonly #fused: boolean;
  readonly #functions = new Map<string, Callee>();

  /** @param fused use relaxed SIMD's multiply-add; the engine must have it. */
  constructor(module: ModuleBuilder, fused: boolean) {
    this.#module = module;
    this.#fused = fused;
  }

  #function<C extends Callee>(key: string, make: () => C): C {
    // A key names one function, so its type is the one it was made with.
    const known = this.#functions.get(key) as C | undefined;
    const made = known ?? make();
    this.#functions.set(key, made);
    return made;
  }

  #huge(): HugeReduction {
    return this.#function("huge", () => hugeReduction(this.#module));
  }

  #f64(name: UnaryMath): Vectorized {
    const trigonometric = name === "sin" || name === "cos" || name === "tan";
    return this.#function(`f64x2 ${name}`, () => {
      // Only the trigonometric ones look at it.
      const huge: HugeReduction = trigonometric
        ? this.#huge()
        : { index: -1, parameters: ["f64"], result: "v128" };
      return this.#module.function(["v128"], "v128", (body, x) =>
        f64Functions[name](doubles(body, this.#fused), x, huge),
      );
    });
  }

  /** The function on four f32. Error bounds: `bounds`. */
  f32x4(name: UnaryMath, body: Body, x: Vector): Vector {
    const m = singles(body, this.#fused);
    const own = body.let(x);
    if (name === "sin" || name === "cos")
      return sineTurned32(m, own, name === "sin" ? 0 : 1, this.#f64(name));
    const inline = f32Functions[name];
    if (inline !== undefined) return inline(m, own);
    const wide = this.#f64(name);
    return throughDoubles([own], (halves) => call(wide, halves[0] ?? own));
  }

  /** The function on two f64. */
  f64x2(name: UnaryMath, x: Vector): Vector {
    return call(this.#f64(name), x);
  }

  /** The function on one f64. */
  f64(name: UnaryMath, x: Value<"f64">): Value<"f64"> {
    return f64x2.extractLane(this.f64x2(name, f64x2.splat(x)), 0);
  }

  /** x^y, or the angle of (y, x), on four f32. */
  f32x4Binary(name: BinaryMath, body: Body, a: Vector, b: Vector): Vector {
    const [x, y] = [body.let(a), body.let(b)];
    const callee = this.#binary(name, "f32");
    return throughDoubles([x, y], ([p = x, q = y]) => call(callee, p, q));
  }

  f64x2Binary(name: BinaryMath, a: Vector, b: Vector): Vector {
    return call(this.#binary(name, "f64"), a, b);
  }

  f64Binary(name: BinaryMath, a: Value<"f64">, b: Value<"f64">): Value<"f64"> {
    return f64x2.extractLane(this.f64x2Binary(name, f64x2.splat(a), f64x2.splat(b)), 0);
  }

  #binary(name: BinaryMath, precision: "f32" | "f64"): Callee<readonly ["v128", "v128"], "v128"> {
    const emit = name === "atan2" ? arc64.atan2 : precision === "f32" ? powSingle : powDouble;
    return this.#function(name === "atan2" ? name : `${name} ${precision}`, () =>
      this.#module.function(["v128", "v128"], "v128", (body, a, b) => emit(doubles(body, this.#fused), a, b)),
    );
  }
}

/** A function on two f64 applied to both halves of four f32. */
function throughDoubles(operands: readonly Vector[], apply: (halves: readonly Vector[]) => Vector): Vector {
  const low = apply(operands.map((x) => f64x2.promoteLowF32x4(x)));
  const high = apply(operands.map((x) => f64x2.promoteLowF32x4(i32x4.shuffle(x, x, [2, 3, 2, 3]))));
  return i32x4.shuffle(f32x4.demoteF64x2Zero(low), f32x4.demoteF64x2Zero(high), [0, 1, 4, 5]);
}
