import { type Tensor, convTranspose, pad, windowSum } from "@adjoint/ir";
import type { PrimitiveSet, WindowAttributes } from "@adjoint/ir/graph";
import { at } from "@adjoint/ir/values";
import { sizesOf } from "./sizes.ts";

type TransposeAttributes = PrimitiveSet["contract"]["convTranspose"];

/** Windows that don't overlap lie side by side, so they are a view; others are spread to stride 1, which a reduction reads. */
export function sumWindows(g: Tensor, attributes: WindowAttributes, extents: readonly number[]): Tensor {
  const { axes, sizes, strides, dilations } = attributes;
  const apart = axes.every(
    (_, index) => at(dilations, index) === 1 && at(sizes, index) <= at(strides, index),
  );
  return apart ? sideBySide(g, attributes, extents) : spread(g, attributes, extents);
}

function sideBySide(
  g: Tensor,
  { axes, sizes, strides }: WindowAttributes,
  extents: readonly number[],
): Tensor {
  const rank = extents.length;
  const none = g.shape.map(() => 0);
  // Each window is filled up to its stride, and moved next to the axis of its position.
  const high = none.map((_, axis) => (axis < rank ? 0 : at(strides, axis - rank) - at(sizes, axis - rank)));
  const filled = pad(g, { low: none, high, interior: none });
  const order = extents.flatMap((_, axis) =>
    axes.includes(axis) ? [axis, rank + axes.indexOf(axis)] : [axis],
  );
  const counts = sizesOf(g).slice(0, rank);
  const covered = counts.map(
    (count, axis) => count * (axes.includes(axis) ? at(strides, axes.indexOf(axis)) : 1),
  );
  const flat = filled.transpose(order).reshape(covered);
  const rest = extents.map((extent, axis) => extent - at(covered, axis));
  const zeros = rest.map(() => 0);
  return pad(flat, { low: zeros, high: rest.map((count) => Math.max(0, count)), interior: zeros }).slice(
    extents.map((extent) => ({ end: extent })),
  );
}

function spread(
  g: Tensor,
  { axes, sizes, strides, dilations }: WindowAttributes,
  extents: readonly number[],
): Tensor {
  const none = g.shape.map(() => 0);
  const counts = sizesOf(g);
  const interior = none.map((_, axis) => (axes.includes(axis) ? at(strides, axes.indexOf(axis)) - 1 : 0));
  const high = none.map((_, axis) => {
    const index = axes.indexOf(axis);
    if (index < 0 || axis >= extents.length) return 0;
    const span = (at(sizes, index) - 1) * at(dilations, index) + 1;
    const spreadCount = (at(counts, axis) - 1) * at(strides, index) + 1;
    return at(extents, axis) - span + 1 - spreadCount;
  });
  const dense = pad(g, { low: none, high, interior });
  return windowSum(dense, { axes, sizes, dilations, extents });
}

/** A stride in a convolution is zeros between the elements of the gradient that its transpose reads. */
export function withoutStrides(g: Tensor, w: Tensor, attributes: TransposeAttributes): Tensor {
  const { strides, dilations, padLow, padHigh, groups, extents } = attributes;
  if (strides.every((stride) => stride === 1)) return convTranspose(g, w, attributes);
  const [positions, kernel] = [sizesOf(g).slice(2), sizesOf(w).slice(2)];
  const none = [0, 0];
  const high = positions.map((count, axis) => {
    const span = (at(kernel, axis) - 1) * at(dilations, axis) + 1;
    const dense = Number(extents[axis]) + at(padLow, axis) + at(padHigh, axis) - span + 1;
    return dense - ((count - 1) * at(strides, axis) + 1);
  });
  const dense = pad(g, {
    low: [...none, ...positions.map(() => 0)],
    high: [...none, ...high],
    interior: [...none, ...strides.map((stride) => stride - 1)],
  });
  return convTranspose(dense, w, { dilations, padLow, padHigh, groups, extents });
}
