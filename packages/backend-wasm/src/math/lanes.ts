import { type Body, type Local, type Value, f32x4, f64x2, v128 } from "../emit/index.ts";

/** Lanes of floats in one vector. */
export type Vector = Value<"v128">;
export type VectorLocal = Local<"v128">;

type Shared =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "pmin"
  | "pmax"
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "abs"
  | "neg"
  | "sqrt"
  | "nearest"
  | "trunc"
  | "floor"
  | "ceil";

/** Arithmetic on the lanes of one float type inside one body, with or without fused multiply-add. */
export interface Lanes extends Pick<typeof f32x4, Shared> {
  readonly body: Body;
  readonly fused: boolean;
  /** A constant in every lane, kept in a local from the function's start. */
  readonly c: (value: number) => VectorLocal;
  readonly let: (value: Vector) => VectorLocal;
  /** a·b + c, rounded once or twice. */
  readonly madd: (a: Vector, b: Vector, c: Vector) => Vector;
  /** c − a·b. */
  readonly nmadd: (a: Vector, b: Vector, c: Vector) => Vector;
  /** Σ coefficientsᵢ·xⁱ by Horner's rule. */
  readonly polynomial: (x: VectorLocal, coefficients: readonly number[]) => Vector;
  /** a where the mask holds, else b. */
  readonly choose: (mask: Vector, a: Vector, b: Vector) => Vector;
  /** The sign bit in every lane. */
  readonly signBit: VectorLocal;
  /** |x| with the sign of `sign`. */
  readonly withSign: (magnitude: Vector, sign: Vector) => Vector;
}

function lanes(
  body: Body,
  fused: boolean,
  family: Pick<typeof f32x4, Shared | "relaxedMadd" | "relaxedNmadd">,
  c: (value: number) => VectorLocal,
): Lanes {
  const { add, sub, mul } = family;
  const madd = fused ? family.relaxedMadd : (a: Vector, b: Vector, d: Vector): Vector => add(mul(a, b), d);
  const nmadd = fused ? family.relaxedNmadd : (a: Vector, b: Vector, d: Vector): Vector => sub(d, mul(a, b));
  const signBit = c(-0);
  return {
    ...family,
    body,
    fused,
    c,
    let: (value) => body.let(value),
    madd,
    nmadd,
    polynomial: (x, coefficients) => {
      const [last = 0, ...rest] = coefficients.toReversed();
      return rest.reduce<Vector>((sum, coefficient) => madd(sum, x, c(coefficient)), c(last));
    },
    choose: (mask, a, b) => v128.bitselect(a, b, mask),
    signBit,
    withSign: (magnitude, sign) => v128.or(magnitude, v128.and(sign, signBit)),
  };
}

export const singles = (body: Body, fused: boolean): Lanes =>
  lanes(body, fused, f32x4, (value) => body.f32x4(value));
export const doubles = (body: Body, fused: boolean): Lanes =>
  lanes(body, fused, f64x2, (value) => body.f64x2(value));
