import type { MapKernel } from "@adjoint/compiler/kernel";
import { type DType, at } from "@adjoint/ir/values";
import { alongRows, fitsLanes, isTransposed } from "../scalar/lane-axes.ts";
import { type Units, unitsOf } from "./units.ts";

/** Rows that are walked together down each four columns: words of a cache line. */
export const TILE: number = 16;

/** The walk of a map that transposes: it reads some operand whose neighbours in memory lie along `row`, and not along the last axis. */
export interface TransposePlan {
  readonly row: number;
  /** The other axes, and tiles of rows. */
  readonly outer: readonly number[];
  readonly units: Units;
}

/** A plan for a map that transposes; undefined for others. */
export function transposePlanOf(
  { domain, body }: MapKernel,
  roots: readonly { readonly value: number; readonly dtype: DType }[],
): TransposePlan | undefined {
  const column = domain.length - 1;
  const row = domain.findIndex(
    (size, axis) =>
      axis < column && size >= 8 && body.some((node) => isTransposed(alongRows(axis, column), node)),
  );
  if (row < 0 || at(domain, column) < 4 || !fitsLanes(body, alongRows(row, column), roots)) return undefined;
  const others = domain.filter((_, axis) => axis !== row && axis !== column);
  const outer = [...others, Math.ceil(at(domain, row) / TILE)];
  return { row, outer, units: unitsOf(outer, at(domain, column), 4) };
}
