import {
  type Affine,
  type Load,
  type ScalarGraph,
  type ScalarNode,
  operandsOf,
} from "@adjoint/compiler/kernel";
import type { DType } from "@adjoint/ir/values";
import { isLaneDType, isLoadedDType } from "./carriers.ts";
import { type Steps, isNear } from "./lane-memory.ts";
import { mapsLanes } from "./vector.ts";

/** The points of a domain that the lanes of vectors hold. */
export interface LaneAxes {
  /** The difference of an affine between the first lane and each lane. */
  readonly steps: (affine: Affine) => Steps;
  /** Its difference between a vector and the next. */
  readonly next: (affine: Affine) => number;
}

/** Four neighbours along an axis. */
export function alongAxis(axis: number): LaneAxes {
  const stride = (affine: Affine): number => affine.strides[axis] ?? 0;
  return {
    steps: (affine) => [0, stride(affine), 2 * stride(affine), 3 * stride(affine)],
    next: (affine) => 4 * stride(affine),
  };
}

/** Four neighbours along an axis, with the next vector beside them along another: columns of rows. */
export function alongRows(row: number, column: number): LaneAxes {
  return { ...alongAxis(column), next: (affine) => affine.strides[row] ?? 0 };
}

/** True if four vectors read a square of which the rows lie side by side in memory where the lanes don't. */
export const isTransposed = (axes: LaneAxes, node: ScalarNode): node is Load =>
  node.kind === "load" &&
  node.dynamic.length === 0 &&
  node.index.guards.length === 0 &&
  isLaneDType(node.dtype) &&
  node.dtype !== "bool" &&
  axes.next(node.index) === 1 &&
  !isNear(node.dtype, axes.steps(node.index), 4);

/** Two neighbours along an axis whose size is even or that is walked to its end, by both points of the axis behind it. */
export function alongPairs(axis: number): LaneAxes {
  const strides = (affine: Affine): readonly [number, number] => [
    affine.strides[axis] ?? 0,
    affine.strides[axis + 1] ?? 0,
  ];
  return {
    steps: (affine) => {
      const [pair, own] = strides(affine);
      return [0, own, pair, pair + own];
    },
    next: (affine) => 2 * strides(affine)[0],
  };
}

/** True if all lanes of all vectors share the value. */
export const isUniform = (axes: LaneAxes, affine: Affine): boolean =>
  axes.next(affine) === 0 && axes.steps(affine).every((step) => step === 0);

/** True if all lanes look up the same position, by what `uniformValues` says of the expression. */
export const sharesLookup = ({ dynamic }: Load, uniform: readonly boolean[]): boolean =>
  dynamic.every(({ value }) => uniform[value] === true);

/** True if some load goes lane by lane under conditions or lookups of its own, which is long code. */
export function isScattered(graph: ScalarGraph, axes: LaneAxes): boolean {
  const uniform = uniformValues(graph, axes);
  return graph.some((node) => {
    if (node.kind !== "load") return false;
    const differs = node.index.guards.some((guard) => !isUniform(axes, guard));
    const near = isNear(node.dtype, axes.steps(node.index), 4);
    return (differs && !near) || !sharesLookup(node, uniform);
  });
}

/** For each value, whether all lanes of all vectors share it. */
export function uniformValues(graph: ScalarGraph, axes: LaneAxes): readonly boolean[] {
  const uniform: boolean[] = [];
  const own = (node: ScalarNode): boolean => {
    switch (node.kind) {
      case "load":
        return [node.index, ...node.index.guards].every((affine) => isUniform(axes, affine));
      case "index":
        return isUniform(axes, node.index);
      case "inside":
        return node.guards.every((guard) => isUniform(axes, guard));
      case "randomBits":
        return isUniform(axes, node.counter);
      case "accumulator":
        return false;
      default:
        return true;
    }
  };
  for (const node of graph) uniform.push(own(node) && operandsOf(node).every((id) => uniform[id] === true));
  return uniform;
}

/** True if vectors can compute an expression and write these values: what differs between lanes has 32 bits. */
export function fitsLanes(
  graph: ScalarGraph,
  axes: LaneAxes,
  roots: readonly { readonly value: number; readonly dtype: DType }[],
): boolean {
  const uniform = uniformValues(graph, axes);
  const asLanes = (id: number): boolean => {
    const node = graph[id];
    return node !== undefined && (uniform[id] !== true || isLoadedDType(node.dtype));
  };
  const fits = (node: ScalarNode, id: number): boolean => {
    if (uniform[id] === true) return true;
    switch (node.kind) {
      case "map":
        return mapsLanes(node.operation, node.from, node.dtype) && node.operands.every(asLanes);
      case "load":
        return isLoadedDType(node.dtype) && (node.otherwise === undefined || asLanes(node.otherwise));
      default:
        return isLaneDType(node.dtype);
    }
  };
  return graph.every(fits) && roots.every(({ value, dtype }) => isLaneDType(dtype) && asLanes(value));
}
