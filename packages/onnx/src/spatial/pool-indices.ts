import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import { type Placement, productOf, spanOf } from "./placement.ts";

interface IndexedPool extends Omit<Placement, "padHigh"> {
  readonly kernel: readonly number[];
  /** Sizes of a plane of x. */
  readonly sizes: readonly number[];
  /** How many windows there are along each spatial axis. */
  readonly counts: readonly number[];
  /** How elements of a plane are counted. */
  readonly order: "rows" | "columns";
}

/** How far neighbours along each axis are from each other where planes are stored by rows or by columns. */
const steps: { readonly [order in IndexedPool["order"]]: (sizes: readonly number[]) => readonly number[] } = {
  rows: ir.rowMajorStrides,
  columns: (sizes) => ir.rowMajorStrides(sizes.toReversed()).toReversed(),
};

/**
 * Where in x, all of it counted through, each window's first largest element is: i64 [N, C, …counts].
 * @param x [N, C, …sizes].
 */
export function maxPoolIndices(x: Tensor, pool: IndexedPool): Tensor {
  const { kernel, sizes, counts, strides, dilations, padLow, order } = pool;
  const [batch = 1, channels = 1] = x.shape;
  const planes = ir.mulDims(batch, channels);
  const padHigh = kernel.map((size, axis) => {
    const reached = ((counts[axis] ?? 1) - 1) * (strides[axis] ?? 1) + spanOf(size, dilations[axis] ?? 1);
    return Math.max(0, reached - (sizes[axis] ?? 1) - (padLow[axis] ?? 0));
  });
  const best = ir
    .window(
      x
        .reshape([planes, ...sizes])
        .pad({ low: [0, ...padLow], high: [0, ...padHigh], value: ir.dtypeRange(x.dtype)[0] }),
      { axes: kernel.map((_, axis) => axis + 1), sizes: kernel, strides, dilations },
    )
    .reshape([planes, ...counts, productOf(kernel)])
    .argMax({ axis: -1 });
  const step = steps[order](sizes);
  const index = kernel.reduce(
    (sum, size, axis) => {
      const tap = best.div(productOf(kernel.slice(axis + 1))).mod(size);
      const start = ir
        .iota("i32", best.shape, axis + 1)
        .mul(strides[axis] ?? 1)
        .sub(padLow[axis] ?? 0);
      const place = start.add(tap.mul(dilations[axis] ?? 1));
      // Fillers only come first in windows whose elements are all as low: the first tap inside is meant.
      const inside = place.less(0).where(place.mod(dilations[axis] ?? 1), place);
      return sum.add(inside.mul(step[axis] ?? 1));
    },
    ir.iota("i32", best.shape, 0).mul(productOf(sizes)),
  );
  return index.cast("i64").reshape([batch, channels, ...counts]);
}
