import type { DType, NameOf, Scalar } from "@adjoint/ir";
import { type Value, f32x4, i32, i32x4, v128 } from "../emit/index.ts";
import type { BinaryMath, UnaryMath } from "../math/library.ts";
import type { Context } from "./context.ts";
import { as, isUnsigned, kept } from "./element.ts";
import { mapElement } from "./table.ts";

type Vector = Value<"v128">;

/** Dtypes that fill lanes of 32 bits; a bool is a mask, all ones or zeros. */
export type LaneDType = "f32" | "i32" | "u32" | "bool";
export const isLaneDType = (dtype: DType): dtype is LaneDType =>
  dtype === "f32" || dtype === "i32" || dtype === "u32" || dtype === "bool";

/** What loads bring into lanes: small integers too, for casts to begin with. */
export type LoadedDType = LaneDType | "u8" | "i8" | "u16" | "i16";
const SMALL: readonly DType[] = ["u8", "i8", "u16", "i16"];
export const isLoadedDType = (dtype: DType): dtype is LoadedDType =>
  isLaneDType(dtype) || SMALL.includes(dtype);

/** Whether `mapVector` has code for the operation on lanes. */
export const mapsLanes = (operation: NameOf<"map">, from: DType, to: DType): boolean =>
  isLaneDType(to) && (isLaneDType(from) || (operation === "cast" && isLoadedDType(from)));

type Rule = (context: Context, a: Vector, b: Vector, unsigned: boolean) => Vector;
/** No row for a type means that lanes are taken one by one. */
interface Row {
  readonly float?: Rule;
  readonly integer?: Rule;
  readonly bool?: Rule;
}

const math = (name: UnaryMath): Row => ({
  float: ({ math: library, body }, x) => library.f32x4(name, body, x),
});
const binaryMath = (name: BinaryMath): Row => ({
  float: ({ math: library, body }, x, y) => library.f32x4Binary(name, body, x, y),
});
const float = (rule: (a: Vector, b: Vector) => Vector): Row => ({ float: (_, a, b) => rule(a, b) });
const integer = (rule: (a: Vector, b: Vector) => Vector): Row => ({ integer: (_, a, b) => rule(a, b) });
const both = (floats: (a: Vector, b: Vector) => Vector, integers: (a: Vector, b: Vector) => Vector): Row => ({
  ...float(floats),
  ...integer(integers),
});
const signed = (
  yes: (a: Vector, b: Vector) => Vector,
  no: (a: Vector, b: Vector) => Vector,
): Pick<Row, "integer"> => ({
  integer: (_, a, b, unsigned) => (unsigned ? no : yes)(a, b),
});
const logical = (rule: (a: Vector, b: Vector) => Vector): Row => ({ bool: (_, a, b) => rule(a, b) });
const equality = (a: Vector, b: Vector): Vector => v128.not(v128.xor(a, b));

const table: { readonly [N in Exclude<NameOf<"map">, "cast" | "bitcast" | "where" | "stopGradient">]: Row } =
  {
    abs: { ...float(f32x4.abs), ...signed(i32x4.abs, (a) => a) },
    neg: both(f32x4.neg, i32x4.neg),
    sign: {
      float: ({ body }, x) => {
        const magnitude = f32x4.gt(f32x4.abs(x), body.f32x4(0));
        const unit = v128.or(body.f32x4(1), v128.and(x, body.f32x4(-0)));
        return v128.bitselect(unit, x, magnitude);
      },
      integer: ({ body }, x, _, unsigned) =>
        unsigned
          ? v128.and(i32x4.ne(x, body.i32x4(0)), body.i32x4(1))
          : i32x4.sub(i32x4.ltS(x, body.i32x4(0)), i32x4.gtS(x, body.i32x4(0))),
    },
    exp: math("exp"),
    expm1: math("expm1"),
    log: math("log"),
    log1p: math("log1p"),
    sqrt: float(f32x4.sqrt),
    sin: math("sin"),
    cos: math("cos"),
    tan: math("tan"),
    asin: math("asin"),
    acos: math("acos"),
    atan: math("atan"),
    sinh: math("sinh"),
    cosh: math("cosh"),
    tanh: math("tanh"),
    asinh: math("asinh"),
    acosh: math("acosh"),
    atanh: math("atanh"),
    erf: math("erf"),
    floor: float(f32x4.floor),
    ceil: float(f32x4.ceil),
    round: float(f32x4.nearest),
    isNaN: float((x) => f32x4.ne(x, x)),
    isInf: { float: ({ body }, x) => f32x4.eq(f32x4.abs(x), body.f32x4(Infinity)) },
    not: logical((x) => v128.not(x)),
    bitwiseNot: integer(v128.not),
    add: both(f32x4.add, i32x4.add),
    sub: both(f32x4.sub, i32x4.sub),
    mul: both(f32x4.mul, i32x4.mul),
    div: float(f32x4.div),
    mod: {},
    fmod: {},
    pow: binaryMath("pow"),
    atan2: binaryMath("atan2"),
    max: { ...float(f32x4.max), ...signed(i32x4.maxS, i32x4.maxU) },
    min: { ...float(f32x4.min), ...signed(i32x4.minS, i32x4.minU) },
    equal: { ...both(f32x4.eq, i32x4.eq), ...logical(equality) },
    less: { ...float(f32x4.lt), ...signed(i32x4.ltS, i32x4.ltU) },
    lessOrEqual: { ...float(f32x4.le), ...signed(i32x4.leS, i32x4.leU) },
    and: logical(v128.and),
    or: logical(v128.or),
    xor: logical(v128.xor),
    bitwiseAnd: integer(v128.and),
    bitwiseOr: integer(v128.or),
    bitwiseXor: integer(v128.xor),
    // Lanes shift by one common number only.
    shiftLeft: {},
    shiftRight: {},
  };

/**
 * A map primitive on four lanes; undefined where a dtype has no 32-bit lanes. `from` is the operands' dtype (of the last
 * operand for `where`).
 */
export function mapVector(
  context: Context,
  operation: NameOf<"map">,
  operands: readonly Vector[],
  from: DType,
  to: DType,
): Vector | undefined {
  if (!isLaneDType(to)) return undefined;
  if (!isLaneDType(from)) {
    const [x] = operands;
    // In lanes, small integers are i32 that are in range.
    return x === undefined || !mapsLanes(operation, from, to) ? undefined : castVector(context, x, "i32", to);
  }
  const own = operands.map((value) => as("v128", kept(context, value)));
  const [a, b, c] = own;
  if (a === undefined) return undefined;
  switch (operation) {
    case "stopGradient":
      return a;
    case "where":
      return b === undefined || c === undefined ? undefined : v128.bitselect(b, c, a);
    case "bitcast":
      return a;
    case "cast":
      return castVector(context, a, from, to);
    default: {
      const row: Row = table[operation];
      const rule = from === "f32" ? row.float : from === "bool" ? row.bool : row.integer;
      return rule === undefined
        ? lanewise(context, operation, own, from, to)
        : rule(context, a, b ?? a, isUnsigned(from));
    }
  }
}

function castVector({ body }: Context, x: Vector, from: LaneDType, to: LaneDType): Vector {
  if (from === to) return x;
  if (to === "bool") return from === "f32" ? f32x4.ne(x, body.f32x4(0)) : i32x4.ne(x, body.i32x4(0));
  if (from === "bool") return v128.and(x, to === "f32" ? body.f32x4(1) : body.i32x4(1));
  if (to === "f32") return from === "u32" ? f32x4.convertI32x4U(x) : f32x4.convertI32x4S(x);
  if (from === "f32") return to === "u32" ? i32x4.truncSatF32x4U(x) : i32x4.truncSatF32x4S(x);
  return x;
}

/** The element code, lane by lane. */
function lanewise(
  context: Context,
  operation: NameOf<"map">,
  operands: readonly Vector[],
  from: LaneDType,
  to: LaneDType,
): Vector {
  const result = context.body.local("v128");
  for (let lane = 0; lane < 4; lane++) {
    const elements = operands.map((x) =>
      from === "f32" ? f32x4.extractLane(x, lane) : i32x4.extractLane(x, lane),
    );
    const value = mapElement(context, operation, elements, from, to);
    const next =
      to === "f32"
        ? f32x4.replaceLane(result, lane, as("f32", value))
        : i32x4.replaceLane(
            result,
            lane,
            to === "bool" ? i32.sub(i32.const(0), as("i32", value)) : as("i32", value),
          );
    context.body.set(result, next);
  }
  return result;
}

/** A constant in every lane, kept out of loops. */
export function constantVector({ body }: Context, dtype: LaneDType, value: Scalar): Vector {
  if (dtype === "f32") return body.f32x4(Math.fround(Number(value)));
  return body.i32x4(dtype === "bool" ? -Number(value) : Number(value));
}
