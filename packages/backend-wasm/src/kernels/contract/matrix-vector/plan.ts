import type { Region } from "../../../region.ts";
import type { Contraction } from "../contraction.ts";
import { isPlain } from "../lane.ts";
import { strideOf } from "../operand.ts";
import { isContiguous, lineBytes } from "../pack/layout.ts";
import { ownRegion } from "../regions.ts";
import { depthOf, paddedTo } from "../sizes.ts";

/** Sums that are kept at once. */
export const KEPT_SUMS = 1024;

/**
 * A matrix by a vector: the matrix streams from memory once, unpacked.
 *
 * Precondition: one row or one column, not both; the matrix is plain, has no guards, one step along each part, none of
 * them negative, and neighbours along one part. The vector is read in place if its terms are neighbours, else copied.
 * Regions: vector (its copy), sums.
 * Cost: the matrix is read once; everything else is small beside that.
 */
export interface MatrixVectorPlan {
  readonly kind: "matrixVector";
  /** The side that is a matrix, by its free part. */
  readonly matrix: "rows" | "columns";
  /** The part along which the matrix has neighbours. */
  readonly along: "free" | "inner";
  /** The vector is read in place. */
  readonly direct: boolean;
  /** Terms that are summed from zero, and bytes of the sums that are kept at once. */
  readonly block: { readonly terms: number; readonly sumBytes: number };
  readonly regions: readonly Region<"vector" | "sums">[];
}

export function matrixVectorPlan({ sizes, lane, left, right }: Contraction): MatrixVectorPlan | undefined {
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
    sumBytes: paddedTo(Math.min(KEPT_SUMS, sizes[side]), lane.count) * lane.bytes,
  };
  const copies = along === "free" && inner > block.terms ? 2 : 1;
  return {
    kind: "matrixVector",
    matrix: side,
    along,
    direct,
    block,
    regions: [
      ownRegion("vector", direct ? 0 : lineBytes(inner, lane)),
      ownRegion("sums", copies * block.sumBytes),
    ],
  };
}
