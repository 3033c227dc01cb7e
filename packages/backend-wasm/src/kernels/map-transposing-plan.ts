import type { MapKernel } from "@adjoint/compiler/kernel";
import type { DType } from "@adjoint/ir";
import { alongRows, fitsLanes, isTransposed } from "../scalar/lane-axes.ts";
import { type Units, unitsOf } from "./units.ts";

/** Rows that are walked together down each four columns: words of a cache line. */
export const TILE: number = 16;

/** A map that reads some operand with its last axis far apart and another one, `row`, side by side. */
export interface TransposePlan {
  readonly row: number;
  /** The other axes, and tiles of rows. */
  readonly outer: readonly number[];
  readonly units: Units;
}

/** The axes of a map that transposes; undefined for others. */
export function transposePlanOf(
  { domain, body }: MapKernel,
  roots: readonly { readonly value: number; readonly dtype: DType }[],
): TransposePlan | undefined {
  const column = domain.length - 1;
  const row = domain.findIndex(
    (size, axis) =>
      axis < column && size >= 8 && body.some((node) => isTransposed(alongRows(axis, column), node)),
  );
  if (row < 0 || (domain[column] ?? 1) < 4 || !fitsLanes(body, alongRows(row, column), roots))
    return undefined;
  const others = domain.filter((_, axis) => axis !== row && axis !== column);
  const outer = [...others, Math.ceil((domain[row] ?? 1) / TILE)];
  return { row, outer, units: unitsOf(outer, domain[column] ?? 1, 4) };
}
