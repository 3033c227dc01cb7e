import type { NameOf } from "@adjoint/ir/graph";
import { type Value, f32x4, i32, i32x4 } from "../emit/index.ts";
import type { LaneDType } from "./carriers.ts";
import type { Context } from "./context.ts";
import { as } from "./element.ts";
import { mapElement } from "./table.ts";

type Vector = Value<"v128">;

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
