import type { Reduction, ScalarGraph } from "@adjoint/compiler/kernel";
import { type Local, type Value, f32x4, f64x2, i32x4, v128 } from "../emit/index.ts";
import { type Element, type LaneDType, isLaneDType } from "../scalar/carriers.ts";
import type { Context } from "../scalar/context.ts";
import { laneOf } from "../scalar/graph.ts";
import { firstLanes } from "../scalar/lane-values.ts";
import { constantVector, mapVector, mapsLanes } from "../scalar/vector.ts";
import { type Fold, joiningOf } from "./fold.ts";

type Vector = Value<"v128">;

/** Four folds side by side. */
export interface LaneFold {
  readonly dtype: LaneDType;
  start(): void;
  take(values: Local<"v128">): void;
  /** Takes the first lanes only. */
  takeFirst(values: Local<"v128">, count: number): void;
  /** The vectors that hold the folds. */
  readonly state: readonly Local<"v128">[];
  /** Takes what another fold like it has in its state. */
  join(state: readonly Vector[]): void;
  /** The four results. */
  lanes(): Vector;
  /** Makes the four results one, which a fold becomes. */
  into(fold: Fold): void;
}

/** True if every value of the expression has lanes of 32 bits. */
export const fillsLanes = (graph: ScalarGraph): boolean =>
  graph.every(
    (node) =>
      isLaneDType(node.dtype) && (node.kind !== "map" || mapsLanes(node.operation, node.from, node.dtype)),
  );

/** True if the reduction has a fold of lanes. */
export const foldsLanes = (reduction: Reduction): boolean =>
  joiningOf(reduction) !== undefined && isLaneDType(reduction.dtype) && reduction.dtype !== "bool";

/** @throws TypeError for a reduction without a fold of lanes. */
export function laneFoldOf(context: Context, reduction: Reduction): LaneFold {
  const joining = joiningOf(reduction);
  const { dtype } = reduction;
  if (joining === undefined || !isLaneDType(dtype))
    throw new TypeError(`no lanes for ${reduction.operation}`);
  const { name } = joining;
  const { body } = context;
  const neutral = (): Local<"v128"> => body.let(constantVector(context, dtype, joining.start));
  const first = (values: Local<"v128">, count: number): Local<"v128"> =>
    count === 4 ? values : body.let(v128.bitselect(values, neutral(), firstLanes(context, count)));
  if (dtype === "f32" && (name === "add" || name === "mul")) {
    const join = name === "add" ? f64x2.add : f64x2.mul;
    return doubleFold(context, join, Number(joining.start), first);
  }
  if (dtype === "f32" && (name === "max" || name === "min"))
    return extremeFold(context, name, Number(joining.start), first);
  const sum = body.local("v128");
  const join = (a: Vector, b: Vector): Vector => {
    const joined = mapVector(context, name, [a, b], dtype, dtype);
    if (joined === undefined) throw new TypeError(`${name} of ${dtype} has no vector code`);
    return joined;
  };
  return {
    dtype,
    start: () => body.set(sum, constantVector(context, dtype, joining.start)),
    take: (values) => body.set(sum, join(sum, values)),
    takeFirst: (values, count) => body.set(sum, join(sum, first(values, count))),
    state: [sum],
    join: ([other = sum]) => body.set(sum, join(sum, other)),
    lanes: () => sum,
    into: (fold) => fold.put(acrossLanes(context, dtype, sum, join)),
  };
}

/** Four lanes as one element. */
function acrossLanes(
  { body }: Context,
  dtype: LaneDType,
  lanes: Local<"v128">,
  join: (a: Vector, b: Vector) => Vector,
): Element {
  const pair = body.let(join(lanes, i32x4.shuffle(lanes, lanes, [2, 3, 2, 3])));
  return laneOf(join(pair, i32x4.shuffle(pair, pair, [1, 1, 1, 1])), dtype, 0);
}

/** Four largest or smallest f32, in fewer instructions than those that engines make `max` and `min` of. */
function extremeFold(
  context: Context,
  name: "max" | "min",
  start: number,
  first: (values: Local<"v128">, count: number) => Local<"v128">,
): LaneFold {
  const { body } = context;
  const [best, signs] = [body.local("v128"), body.local("v128")];
  const [pick, merge] = name === "max" ? [f32x4.pmax, v128.and] : [f32x4.pmin, v128.or];
  // `pick` keeps a NaN and overlooks a new one, so that is written over what was picked: all ones, a NaN too.
  const takeSigned = (values: Local<"v128">, own: Vector): void => {
    body.set(best, v128.or(pick(best, values), f32x4.ne(values, values)));
    body.set(signs, merge(signs, own));
  };
  const take = (values: Local<"v128">): void => takeSigned(values, values);
  // Of two zeros `pick` keeps the first; which of them is larger is up to the signs of all.
  const lanes = (): Vector =>
    v128.bitselect(v128.and(signs, body.f32x4(-0)), best, f32x4.eq(best, body.f32x4(0)));
  return {
    dtype: "f32",
    start: () => {
      body.set(best, body.f32x4(start));
      body.set(signs, body.f32x4(start));
    },
    take,
    takeFirst: (values, count) => take(first(values, count)),
    state: [best, signs],
    join: ([other = best, own = signs]) => takeSigned(body.let(other), own),
    lanes,
    into: (fold) => fold.put(acrossLanes(context, "f32", body.let(lanes()), f32x4[name])),
  };
}

/** Four f32 folds in doubles. */
function doubleFold(
  { body }: Context,
  join: (a: Vector, b: Vector) => Vector,
  start: number,
  first: (values: Local<"v128">, count: number) => Local<"v128">,
): LaneFold {
  const [low, high] = [body.local("v128"), body.local("v128")];
  const upper = (values: Vector): Vector => i32x4.shuffle(values, values, [2, 3, 2, 3]);
  const take = (values: Local<"v128">): void => {
    body.set(low, join(low, f64x2.promoteLowF32x4(values)));
    body.set(high, join(high, f64x2.promoteLowF32x4(upper(values))));
  };
  return {
    dtype: "f32",
    start: () => {
      body.set(low, body.f64x2(start));
      body.set(high, body.f64x2(start));
    },
    take,
    takeFirst: (values, count) => take(first(values, count)),
    state: [low, high],
    join: ([otherLow = low, otherHigh = high]) => {
      body.set(low, join(low, otherLow));
      body.set(high, join(high, otherHigh));
    },
    lanes: () => i32x4.shuffle(f32x4.demoteF64x2Zero(low), f32x4.demoteF64x2Zero(high), [0, 1, 4, 5]),
    into: (fold) => {
      const pair = body.let(join(low, high));
      fold.put(f64x2.extractLane(join(pair, upper(pair)), 0));
    },
  };
}
