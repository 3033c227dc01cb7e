import type { NameOf } from "@adjoint/ir/graph";
import type { DType, Scalar } from "@adjoint/ir/values";
import { type Value, f32x4, i32x4, v128 } from "../emit/index.ts";
import { type BinaryMath, type UnaryMath, isBinaryMath } from "../math/functions.ts";
import { isMath } from "../math/library.ts";
import { type LaneDType, isLaneDType, isLoadedDType } from "./carriers.ts";
import type { Context } from "./context.ts";
import { as, isUnsigned, kept } from "./element.ts";
import type { VectorRow, VectorRule } from "./rules.ts";
import { lanewise } from "./lanewise.ts";

type Vector = Value<"v128">;

/** True if `mapVector` has code for the operation on lanes. */
export const mapsLanes = (operation: NameOf<"map">, from: DType, to: DType): boolean =>
  isLaneDType(to) && (isLaneDType(from) || (operation === "cast" && isLoadedDType(from)));

const float = (rule: (a: Vector, b: Vector) => Vector): VectorRow => ({ float: (_, a, b) => rule(a, b) });
const both = (
  floats: (a: Vector, b: Vector) => Vector,
  integers: (a: Vector, b: Vector) => Vector,
): VectorRow => ({
  ...float(floats),
  integer: (_, a, b) => integers(a, b),
});
const signed = (
  yes: (a: Vector, b: Vector) => Vector,
  no: (a: Vector, b: Vector) => Vector,
): Pick<VectorRow, "integer"> => ({
  integer: (_, a, b, unsigned) => (unsigned ? no : yes)(a, b),
});
const integers = (rule: (a: Vector, b: Vector) => Vector): VectorRow => ({
  integer: (_, a, b) => rule(a, b),
});
const logical = (rule: (a: Vector, b: Vector) => Vector): VectorRow => ({ bool: (_, a, b) => rule(a, b) });
const equality = (a: Vector, b: Vector): Vector => v128.not(v128.xor(a, b));

type Special = "cast" | "bitcast" | "where" | "stopGradient";
const table: {
  readonly [N in Exclude<NameOf<"map">, Special | UnaryMath | "atan2">]: VectorRow;
} = {
  abs: { ...float(f32x4.abs), ...signed(i32x4.abs, (a) => a) },
  neg: both(f32x4.neg, i32x4.neg),
  sqrt: float(f32x4.sqrt),
  isNaN: float((x) => f32x4.ne(x, x)),
  isInf: { float: ({ body }, x) => f32x4.eq(f32x4.abs(x), body.f32x4(Infinity)) },
  not: logical((x) => v128.not(x)),
  add: both(f32x4.add, i32x4.add),
  sub: both(f32x4.sub, i32x4.sub),
  mul: both(f32x4.mul, i32x4.mul),
  div: float(f32x4.div),
  max: { ...float(f32x4.max), ...signed(i32x4.maxS, i32x4.maxU) },
  min: { ...float(f32x4.min), ...signed(i32x4.minS, i32x4.minU) },
  equal: { ...both(f32x4.eq, i32x4.eq), ...logical(equality) },
  less: { ...float(f32x4.lt), ...signed(i32x4.ltS, i32x4.ltU) },
  lessOrEqual: { ...float(f32x4.le), ...signed(i32x4.leS, i32x4.leU) },
  and: logical(v128.and),
  or: logical(v128.or),
  xor: logical(v128.xor),
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
  floor: float(f32x4.floor),
  ceil: float(f32x4.ceil),
  round: float(f32x4.nearest),
  bitwiseNot: integers(v128.not),
  bitwiseAnd: integers(v128.and),
  bitwiseOr: integers(v128.or),
  bitwiseXor: integers(v128.xor),
  // Lane by lane, as is division of integers.
  mod: {},
  fmod: {},
  pow: {},
  shiftLeft: {},
  shiftRight: {},
};

type Rows = { readonly [N in NameOf<"map">]?: VectorRow };
const rows: Rows = table;
const ruleIn = (operation: NameOf<"map">, from: LaneDType): VectorRule | undefined => {
  const row = rows[operation];
  return from === "f32" ? row?.float : from === "bool" ? row?.bool : row?.integer;
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
      if (isMath(operation)) return mathVector(context, operation, own, from, to);
      const rule = ruleIn(operation, from);
      return rule === undefined
        ? lanewise(context, operation, own, from, to)
        : rule(context, a, b ?? a, isUnsigned(from));
    }
  }
}

function mathVector(
  context: Context,
  name: UnaryMath | BinaryMath,
  operands: readonly Vector[],
  from: LaneDType,
  to: LaneDType,
): Vector {
  const { math, body } = context;
  const [a, b = a] = operands;
  if (a === undefined || b === undefined || from !== "f32")
    return lanewise(context, name, operands, from, to);
  return isBinaryMath(name) ? math.f32x4Binary(name, body, a, b) : math.f32x4(name, body, a);
}

function castVector({ body }: Context, x: Vector, from: LaneDType, to: LaneDType): Vector {
  if (from === to) return x;
  if (to === "bool") return from === "f32" ? f32x4.ne(x, body.f32x4(0)) : i32x4.ne(x, body.i32x4(0));
  if (from === "bool") return v128.and(x, to === "f32" ? body.f32x4(1) : body.i32x4(1));
  if (to === "f32") return from === "u32" ? f32x4.convertI32x4U(x) : f32x4.convertI32x4S(x);
  if (from === "f32") return to === "u32" ? i32x4.truncSatF32x4U(x) : i32x4.truncSatF32x4S(x);
  return x;
}

/** A constant in every lane, kept out of loops. */
export function constantVector({ body }: Context, dtype: LaneDType, value: Scalar): Vector {
  if (dtype === "f32") return body.f32x4(Math.fround(Number(value)));
  return body.i32x4(dtype === "bool" ? -Number(value) : Number(value));
}
