import { type Lane, isPlain } from "../lane.ts";
import { type Operand, strideOf } from "../operand.ts";
import { isContiguous, lineBytes } from "../pack/pack.ts";
import { ownRegion } from "../regions.ts";
import type { VectorPlan } from "../contraction.ts";
import { type Sizes, depthOf, paddedTo } from "../sizes.ts";

/** Sums that a matrix-vector product keeps at once. */
export const VECTOR_BLOCK = 1024;

/** For one row or one column. */
export function vectorPlan(sizes: Sizes, lane: Lane, left: Operand, right: Operand): VectorPlan | undefined {
  const { rows, columns, inner } = sizes;
  if ((rows === 1) === (columns === 1) || inner === 0) return undefined;
  const [matrix, vector] = rows === 1 ? [right, left] : [left, right];
  const { free, bytes } = matrix;
  const steps = [strideOf(free), strideOf(matrix.inner)];
  if (!isPlain(matrix.dtype, lane) || matrix.guards.length > 0) return undefined;
  if (steps.some((step) => step === undefined || step < 0)) return undefined;
  const along = isContiguous(matrix.inner, bytes)
    ? ("inner" as const)
    : isContiguous(free, bytes)
      ? ("free" as const)
      : undefined;
  if (along === undefined) return undefined;
  const direct =
    isPlain(vector.dtype, lane) && vector.guards.length === 0 && isContiguous(vector.inner, vector.bytes);
  const side = rows === 1 ? "columns" : "rows";
  const block = {
    terms: depthOf(inner, lane),
    sumBytes: paddedTo(Math.min(VECTOR_BLOCK, sizes[side]), lane.count) * lane.bytes,
  };
  const tiles = along === "free" && inner > block.terms ? 2 : 1;
  return {
    kind: "vector",
    matrix: side,
    along,
    direct,
    block,
    regions: [
      ownRegion("vector", direct ? 0 : lineBytes(inner, lane)),
      ownRegion("sums", tiles * block.sumBytes),
    ],
  };
}
