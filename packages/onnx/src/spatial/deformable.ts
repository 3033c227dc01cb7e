import type { Tensor } from "@adjoint/ir";
import { at, valueOf } from "@adjoint/ir/values";
import * as ir from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { type Placement, productOf, spatialSizes } from "./placement.ts";
import {
  batchIndices,
  interpolated,
  interpolations,
  positionType,
  tapsAround,
  zerosOutside,
} from "./sample.ts";

interface Deformation extends Omit<Placement, "padHigh"> {
  /** [N, offsetGroups·K·n, …out]: for each of K taps of the kernel how far each of n axes moves. */
  readonly offset: Tensor;
  /** [N, offsetGroups·K, …out]. */
  readonly mask: Tensor | undefined;
  readonly kernel: readonly number[];
  readonly group: number;
  readonly offsetGroups: number;
}

/**
 * A convolution whose taps read between elements, at positions that `offset` moves.
 * Source: Dai and others, "Deformable convolutional networks" (2017); with `mask` Zhu and others (2019).
 * @param x [N, C, …spatial].
 * @param weight [O, C/group, …kernel].
 */
export function deformed(context: OperatorContext, x: Tensor, weight: Tensor, given: Deformation): Tensor {
  const { offset, mask, kernel, group, offsetGroups } = given;
  const [batch = 1, channels = 1] = x.shape;
  const sizes = spatialSizes(context, offset);
  const [taps, positions] = [productOf(kernel), productOf(sizes)];
  // One picture for each offset group: its channels move together.
  const pictures = ir.mulDims(batch, offsetGroups);
  const perPicture =
    ir.divDims(channels, offsetGroups) ??
    context.refuse(`${channels} channels in ${offsetGroups} offset groups`);
  const columns = sampleColumns(
    context,
    x.reshape([pictures, perPicture, ...x.shape.slice(2)]),
    offset.reshape([pictures, taps, kernel.length, ...sizes]),
    given,
  );
  const weighted = mask === undefined ? columns : columns.mul(mask.reshape([pictures, taps, ...sizes, 1]));
  // [pictures, K, …out, C/offsetGroups] → [N, group, C/group·K, P].
  const perGroup = at(weight.shape, 1);
  const matrix = weighted
    .reshape([pictures, taps, positions, perPicture])
    .transpose([0, 3, 1, 2])
    .reshape([batch, group, ir.mulDims(perGroup, taps), positions]);
  const filters = at(weight.shape, 0);
  return weight
    .reshape([group, ir.divDims(filters, group) ?? filters, ir.mulDims(perGroup, taps)])
    .dotGeneral(matrix, { leftBatch: [0], rightBatch: [1], leftContract: [2], rightContract: [2] })
    .reshape([filters, batch, ...sizes])
    .transpose([1, 0, ...sizes.map((_, axis) => axis + 2)]);
}

/** The elements that each tap of the kernel reads at each position: [M, K, …out, C]. */
function sampleColumns(
  context: OperatorContext,
  x: Tensor,
  offset: Tensor,
  { kernel, strides, dilations, padLow }: Deformation,
): Tensor {
  const sizes = spatialSizes(context, x);
  const rank = sizes.length;
  const dtype = positionType(x);
  const apart = Array.from({ length: rank }, () => 1);
  const count = productOf(kernel);
  const samples = [at(offset.shape, 0), count, ...offset.shape.slice(3)];
  const taps = sizes.map((extent, axis) => {
    const moved = offset.slice([undefined, undefined, { start: axis, end: axis + 1 }]).reshape(samples);
    const inner = productOf(kernel.slice(axis + 1));
    context.reserve(count);
    const own = Float64Array.from({ length: count }, (_, tap) => {
      const position = Math.floor(tap / inner) % at(kernel, axis);
      return position * at(dilations, axis) - at(padLow, axis);
    });
    const start = ir.iota(dtype, samples, axis + 2).mul(at(strides, axis));
    const position = start.add(ir.constant(valueOf(dtype, [count, ...apart], own))).add(moved.cast(dtype));
    return tapsAround(
      position.reshape([...samples, ...apart]),
      samples.length + axis,
      interpolations.linear,
      zerosOutside(extent),
    );
  });
  return interpolated(x.cast(dtype), batchIndices(at(offset.shape, 0), samples.length + rank), taps).cast(
    x.dtype,
  );
}
