import type { NameOf } from "@adjoint/ir";
import { type Value, f32x4, i32, i32x4, v128 } from "../emit/index.ts";
import type { LaneDType } from "./carriers.ts";
import type { Context, ScalarFamilies } from "./context.ts";
import { as } from "./element.ts";
import type { VectorRow } from "./rules.ts";
import { mapElement } from "./table.ts";

type Vector = Value<"v128">;

const float = (rule: (a: Vector, b: Vector) => Vector): VectorRow => ({ float: (_, a, b) => rule(a, b) });
const integer = (rule: (a: Vector, b: Vector) => Vector): VectorRow => ({ integer: (_, a, b) => rule(a, b) });

export const vectorRules: ScalarFamilies["words"]["vectorRules"] = {
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
  bitwiseNot: integer(v128.not),
  bitwiseAnd: integer(v128.and),
  bitwiseOr: integer(v128.or),
  bitwiseXor: integer(v128.xor),
  div: {},
  mod: {},
  fmod: {},
  pow: {},
  // Lanes shift by one common number only.
  shiftLeft: {},
  shiftRight: {},
};

/** The element code, lane by lane. */
export function lanewise(
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
