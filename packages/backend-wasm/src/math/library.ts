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
import { activations } from "./activations.ts";
import { angles } from "./angles.ts";
import { doubleMath } from "./doubles.ts";
import { exp, expm1 } from "./exp32.ts";
import type { Activation, Angle, BinaryMath, Emit, UnaryMath } from "./functions.ts";
import { hugeReduction } from "./huge.ts";
import { type Vector, doubles, singles } from "./lanes.ts";
import { log } from "./log32.ts";
import { shiftedSine32 } from "./trig.ts";
import { powSingle } from "./pow.ts";

type MathName = UnaryMath | BinaryMath;

const isAngle = (name: string): name is Angle | "atan2" => Object.hasOwn(angles, name);
const isActivation = (name: string): name is Activation => Object.hasOwn(activations, name);

/** True if an operation is one of the library's functions. */
export const isMath = (operation: string): operation is MathName =>
  isAngle(operation) || Object.hasOwn(doubleMath, operation);

type Vectorized = Callee<readonly ["v128"], "v128">;

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

  /** Writes the code of a function of two f64. */
  #emit(name: MathName): Emit {
    if (!isAngle(name)) return doubleMath[name];
    return angles[name](() => this.#function("huge", () => hugeReduction(this.#module)));
  }

  #f64(name: UnaryMath): Vectorized {
    return this.#function(`f64x2 ${name}`, () => {
      const emit = this.#emit(name);
      return this.#module.function(["v128"], "v128", (body, x) => emit(doubles(body, this.#fused), x, x));
    });
  }

  /** The function on four f32. Error bounds: `bounds`. */
  f32x4(name: UnaryMath, body: Body, x: Vector): Vector {
    const m = singles(body, this.#fused);
    const own = body.let(x);
    switch (name) {
      case "exp":
        return exp(m, own);
      case "expm1":
        return expm1(m, own);
      case "log":
        return log(m, own);
      case "sin":
      case "cos":
        return shiftedSine32(m, own, name === "sin" ? 0 : 1, this.#f64(name));
      default: {
        if (isActivation(name)) return activations[name](m, own, own);
        const wide = this.#f64(name);
        return throughDoubles([own], (halves) => call(wide, halves[0] ?? own));
      }
    }
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
    return this.#function(name === "atan2" ? name : `${name} ${precision}`, () => {
      const single = name === "pow" && precision === "f32";
      const emit = single ? powSingle : this.#emit(name);
      return this.#module.function(["v128", "v128"], "v128", (body, a, b) =>
        emit(doubles(body, this.#fused), a, b),
      );
    });
  }
}

/** A function on two f64 applied to both halves of four f32. */
function throughDoubles(operands: readonly Vector[], apply: (halves: readonly Vector[]) => Vector): Vector {
  const low = apply(operands.map((x) => f64x2.promoteLowF32x4(x)));
  const high = apply(operands.map((x) => f64x2.promoteLowF32x4(i32x4.shuffle(x, x, [2, 3, 2, 3]))));
  return i32x4.shuffle(f32x4.demoteF64x2Zero(low), f32x4.demoteF64x2Zero(high), [0, 1, 4, 5]);
}
