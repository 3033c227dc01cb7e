import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import { shapeSize } from "@adjoint/ir/values";
import type { OperatorContext } from "../import/context.ts";

/** The layout of the scales of an input: along one axis, each for `block_size` elements (0: for one). */
export interface BlockAttributes {
  readonly axis: number;
  readonly block_size: number;
}

const isOne = (x: Tensor): boolean => ir.equalDims(shapeSize(x.shape), 1);

/** Scales or zero points so that they broadcast to x. */
export function alongAxis(context: OperatorContext<BlockAttributes>, scales: Tensor, x: Tensor): Tensor {
  const { axis, block_size: size } = context.attributes;
  if (isOne(scales) && size === 0) return scales.reshape([]);
  const at = axis < 0 ? axis + x.rank : axis;
  const extent = x.shape[at];
  if (extent === undefined) return context.refuse(`axis ${axis} of a tensor of rank ${x.rank}`);
  if (size === 0) return alongOne(scales, at, x.rank);
  if (typeof extent !== "number" || scales.rank !== x.rank)
    return context.refuse(
      `blocks of ${size} want a known size along axis ${axis} of ${x}, and scales of its rank`,
    );
  context.reserve(extent);
  const blocks = Int32Array.from({ length: extent }, (_, index) => Math.floor(index / size));
  return scales.take(ir.constant(ir.tensorValue("i32", [extent], blocks)), at);
}

/** A vector along one axis of a tensor; one element for all. */
export const alongOne = (vector: Tensor, axis: number, rank: number): Tensor =>
  isOne(vector)
    ? vector.reshape([])
    : vector.unsqueeze(Array.from({ length: rank }, (_, at) => at).filter((at) => at !== axis));

/** A vector along the rows of a matrix [..., rows, columns]; one element for all, and whole matrices as they are. */
export const alongRows = (vector: Tensor): Tensor => (vector.rank > 1 ? vector : alongOne(vector, 0, 2));
