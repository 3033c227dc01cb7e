import type { Tensor } from "@adjoint/ir";
import { at, dtypeRange, rowMajorStrides } from "@adjoint/ir/values";
import * as ir from "@adjoint/ir";
import { type Placement, productOf, spanOf } from "./placement.ts";

interface IndexedPool extends Omit<Placement, "padHigh"> {
  readonly kernel: readonly number[];
  /** Sizes of a plane of x. */
  readonly sizes: readonly number[];
  /** The number of windows along each spatial axis. */
  readonly counts: readonly number[];
  /** The order in which elements of a plane are counted. */
  readonly order: "rows" | "columns";
}

/** The distance of neighbours along each axis, for planes stored by rows and by columns. */
const steps: { readonly [order in IndexedPool["order"]]: (sizes: readonly number[]) => readonly number[] } = {
  rows: rowMajorStrides,
  columns: (sizes) => rowMajorStrides(sizes.toReversed()).toReversed(),
};

/**
 * The index in x, all of it counted through, of each window's first largest element: i64 [N, C, …counts].
 * @param x [N, C, …sizes].
 */
export function maxPoolIndices(x: Tensor, pool: IndexedPool): Tensor {
  const { kernel, sizes, counts, strides, dilations, padLow, order } = pool;
  const [batch = 1, channels = 1] = x.shape;
  const planes = ir.mulDims(batch, channels);
  const padHigh = kernel.map((size, axis) => {
    const reached = (at(counts, axis) - 1) * at(strides, axis) + spanOf(size, at(dilations, axis));
    return Math.max(0, reached - at(sizes, axis) - at(padLow, axis));
  });
  const best = ir
    .window(
      x
        .reshape([planes, ...sizes])
        .pad({ low: [0, ...padLow], high: [0, ...padHigh], value: dtypeRange(x.dtype)[0] }),
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
        .mul(at(strides, axis))
        .sub(at(padLow, axis));
      const position = start.add(tap.mul(at(dilations, axis)));
      // Fillers only come first in windows whose elements are all as low: the first tap inside is meant.
      const inside = position.less(0).where(position.mod(at(dilations, axis)), position);
      return sum.add(inside.mul(at(step, axis)));
    },
    ir.iota("i32", best.shape, 0).mul(productOf(sizes)),
  );
  return index.cast("i64").reshape([batch, channels, ...counts]);
}
