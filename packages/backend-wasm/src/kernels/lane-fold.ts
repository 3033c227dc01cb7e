import type { Affine, ReduceKernel, Reduction, ScalarGraph, ScalarNode } from "@adjoint/compiler";
import { type Local, type Value, f32x4, f64x2, i32x4 } from "../emit/index.ts";
import type { Context } from "../scalar/context.ts";
import { isVectorizable, laneOf } from "../scalar/graph.ts";
import { type LaneDType, constantVector, isLaneDType, mapVector } from "../scalar/vector.ts";
import { type Fold, joiningOf } from "./fold.ts";

/** Four folds side by side. */
export interface LaneFold {
  readonly dtype: LaneDType;
  start(): void;
  take(values: Local<"v128">): void;
  /** The four results. */
  lanes(): Value<"v128">;
  /** Takes the four results into one fold, in order. */
  into(fold: Fold): void;
}

/** Whether the expression runs on four points at once; a position as a bool has no vector code. */
export const fillsLanes = (graph: ScalarGraph): boolean =>
  isVectorizable(graph) && graph.every((node) => node.kind !== "index" || node.dtype !== "bool");

/** Which axis a reduction walks four at a time: the last inner one, the last outer one, or neither. */
export function alongOf(kernel: ReduceKernel): "inner" | "outer" | "elements" {
  const { body, outer, inner, reductions } = kernel;
  const folds = reductions.every(
    (reduction) =>
      joiningOf(reduction) !== undefined && isLaneDType(reduction.dtype) && reduction.dtype !== "bool",
  );
  if (!folds || !fillsLanes(body)) return "elements";
  const steps = (axis: number): number =>
    body.filter((node) => node.kind === "load" && node.index.strides[axis] === 1).length;
  const [column, term] = [outer.length - 1, outer.length + inner.length - 1];
  const [columns, terms] = [outer.at(-1) ?? 0, inner.at(-1) ?? 0];
  if (columns >= 4 && steps(column) > (terms >= 4 ? steps(term) : 0)) return "outer";
  return terms >= 4 && steps(term) > 0 ? "inner" : "elements";
}

/** The expression with the last of the outer axes moved behind the inner ones. */
export function outerLast(graph: ScalarGraph, outer: number): ScalarGraph {
  const turn = <A extends Affine>(affine: A): A => {
    const strides = [...affine.strides];
    strides.push(...strides.splice(outer - 1, 1));
    return { ...affine, strides };
  };
  return graph.map((node): ScalarNode => {
    switch (node.kind) {
      case "load":
        return { ...node, index: { ...turn(node.index), guards: node.index.guards.map(turn) } };
      case "index":
        return { ...node, index: turn(node.index) };
      case "inside":
        return { ...node, guards: node.guards.map(turn) };
      case "randomBits":
        return { ...node, counter: turn(node.counter) };
      default:
        return node;
    }
  });
}

/** @throws TypeError for a reduction that `alongOf` leaves to elements. */
export function laneFoldOf(context: Context, reduction: Reduction): LaneFold {
  const joining = joiningOf(reduction);
  const { dtype } = reduction;
  if (joining === undefined || !isLaneDType(dtype))
    throw new TypeError(`no lanes for ${reduction.operation}`);
  const { name } = joining;
  const { body } = context;
  if (dtype === "f32" && (name === "add" || name === "mul"))
    return doubleFold(context, name === "add" ? f64x2.add : f64x2.mul, Number(joining.start));
  const sum = body.local("v128");
  const join = (a: Value<"v128">, b: Value<"v128">): Value<"v128"> => {
    const joined = mapVector(context, name, [a, b], dtype, dtype);
    if (joined === undefined) throw new TypeError(`${name} of ${dtype} has no vector code`);
    return joined;
  };
  return {
    dtype,
    start: () => body.set(sum, constantVector(context, dtype, joining.start)),
    take: (values) => body.set(sum, join(sum, values)),
    lanes: () => sum,
    into: (fold) => {
      for (let lane = 0; lane < 4; lane++) fold.take(body.let(laneOf(sum, dtype, lane)));
    },
  };
}

/** Four f32 folds in doubles. */
function doubleFold(
  { body }: Context,
  join: (a: Value<"v128">, b: Value<"v128">) => Value<"v128">,
  start: number,
): LaneFold {
  const [low, high] = [body.local("v128"), body.local("v128")];
  const upper = (values: Value<"v128">): Value<"v128"> => i32x4.shuffle(values, values, [2, 3, 2, 3]);
  return {
    dtype: "f32",
    start: () => {
      body.set(low, body.f64x2(start));
      body.set(high, body.f64x2(start));
    },
    take: (values) => {
      body.set(low, join(low, f64x2.promoteLowF32x4(values)));
      body.set(high, join(high, f64x2.promoteLowF32x4(upper(values))));
    },
    lanes: () => i32x4.shuffle(f32x4.demoteF64x2Zero(low), f32x4.demoteF64x2Zero(high), [0, 1, 4, 5]),
    into: (fold) => {
      const pair = body.let(join(low, high));
      for (const lane of [0, 1]) fold.takeWide(body.let(f64x2.extractLane(pair, lane)));
    },
  };
}
