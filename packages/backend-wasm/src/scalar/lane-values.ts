import type { Affine, Guard, ScalarGraph, ScalarNode } from "@adjoint/compiler/kernel";
import type { DType } from "@adjoint/ir/values";
import { type Value, f32x4, i32, i32x4, v128 } from "../emit/index.ts";
import { type Coordinates, affineValue, shifted } from "./affine.ts";
import type { Element } from "./carriers.ts";
import type { Context } from "./context.ts";
import { as } from "./element.ts";
import type { LaneAxes } from "./lane-axes.ts";

type Vector = Value<"v128">;

/** One of the vectors that begin at a point. */
interface At {
  readonly coordinates: Coordinates;
  readonly vector: number;
}

/** The value of an affine in the lanes. */
export function affineLanes(
  { body }: Context,
  axes: LaneAxes,
  affine: Affine,
  { coordinates, vector }: At,
): Vector {
  const first = i32x4.splat(affineValue(shifted(affine, vector * axes.next(affine)), coordinates));
  const steps = axes.steps(affine);
  if (steps.every((step) => step === 0)) return first;
  const lanes = new Uint8Array(Int32Array.from(steps).buffer);
  return i32x4.add(
    first,
    body.hoist(`lanes ${steps.join()}`, () => v128.const(lanes)),
  );
}

/** All ones in the first lanes. */
export function firstLanes({ body }: Context, count: number): Vector {
  const lanes = new Uint8Array(16).fill(255, 0, 4 * count);
  return body.hoist(`first ${count} lanes`, () => v128.const(lanes));
}

/** A mask of the lanes for which all guards hold. */
export const insideLanes = (context: Context, axes: LaneAxes, guards: readonly Guard[], at: At): Vector =>
  guards
    .map((guard) => i32x4.ltU(affineLanes(context, axes, guard, at), context.body.i32x4(guard.limit)))
    .reduce<Vector>((all, guard) => v128.and(all, guard), context.body.i32x4(-1));

/** A shift of all lanes by one constant; undefined for all else. */
export function shiftedLanes(
  { operation, operands, from }: Extract<ScalarNode, { readonly kind: "map" }>,
  graph: ScalarGraph,
  value: (id: number) => Vector,
): Vector | undefined {
  if (operation !== "shiftLeft" && operation !== "shiftRight") return undefined;
  const [source = 0, by = 0] = operands;
  const amount = graph[by];
  const bits = amount?.kind === "constant" ? Number(amount.value) : -1;
  if (bits < 0 || bits > 31) return undefined;
  const shift = operation === "shiftLeft" ? i32x4.shl : from === "u32" ? i32x4.shrU : i32x4.shrS;
  return shift(value(source), i32.const(bits));
}

/** An element in all lanes. */
export function splatted(dtype: DType, value: Element): Vector {
  if (dtype === "f32") return f32x4.splat(as("f32", value));
  const word = as("i32", value);
  return i32x4.splat(dtype === "bool" ? i32.sub(i32.const(0), word) : word);
}
