import { at } from "@adjoint/ir/values";
import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { spatialSizes } from "./placement.ts";
import {
  type Inside,
  batchIndices,
  clamped,
  interpolated,
  interpolations,
  positionType,
  tapsAround,
  zerosOutside,
} from "./sample.ts";

export interface GridOptions {
  readonly mode: keyof typeof interpolations;
  readonly padding_mode: "zeros" | "border" | "reflection";
  readonly align_corners: boolean;
}

/** One axis of a picture: how many elements, and where it ends, at the outer elements' centers or half a step beyond. */
interface Axis {
  readonly extent: number;
  readonly low: number;
  readonly high: number;
}

/** Folds positions back into an axis as often as needed. */
function reflected(position: Tensor, { low, high }: Axis): Tensor {
  if (high === low) return position.mul(0).add(low);
  const within = position.sub(low).mod(2 * (high - low));
  return within.min(within.neg().add(2 * (high - low))).add(low);
}

/** The treatment of positions beyond the ends of an axis: first of those between elements, then of the elements' own. */
const paddings: {
  readonly [mode in GridOptions["padding_mode"]]: (axis: Axis) => {
    between(position: Tensor): Tensor;
    inside: Inside;
  };
} = {
  zeros: ({ extent }) => ({ between: (position) => position, inside: zerosOutside(extent) }),
  border: ({ extent, low, high }) => ({
    between: (position) =>
      position.less(low).or(position.greater(high)).where(clamped(position, extent), position),
    inside: (position) => ({ position: clamped(position, extent) }),
  }),
  reflection: (axis) => ({
    between: (position) => reflected(position, axis),
    // Half-way cases are whole again; rounding may only leave them an element too far.
    inside: (position) => ({ position: clamped(reflected(position, axis), axis.extent) }),
  }),
};

/**
 * Samples x [N, C, …spatial] at the positions of grid [N, …out, n], in −1…1 from end to end, the last axis first.
 * Source: the reference implementation of ONNX's GridSample, after Jaderberg and others (2015).
 */
export function gridSample(
  context: OperatorContext,
  x: Tensor,
  grid: Tensor,
  { mode, padding_mode: padding, align_corners: alignCorners }: GridOptions,
): Tensor {
  const dtype = positionType(x);
  const extents = spatialSizes(context, x);
  const rank = extents.length;
  const samples = grid.shape.slice(0, -1);
  const apart = extents.map(() => 1);
  const taps = extents.map((extent, axis) => {
    const [low, high] = alignCorners ? [0, extent - 1] : [-0.5, extent - 0.5];
    const last = rank - 1 - axis;
    const normalized = grid
      .slice([...samples.map(() => undefined), { start: last, end: last + 1 }])
      .reshape(samples)
      .cast(dtype);
    const exact = normalized
      .add(1)
      .mul((high - low) / 2)
      .add(low);
    const position = mode === "nearest" ? exact.round() : exact;
    const { between, inside } = paddings[padding]({ extent, low, high });
    return tapsAround(
      between(position).reshape([...samples, ...apart]),
      samples.length + axis,
      interpolations[mode],
      inside,
    );
  });
  const batch = batchIndices(at(x.shape, 0), samples.length + rank);
  const y = interpolated(x.cast(dtype), batch, taps).cast(x.dtype);
  return y.transpose([0, samples.length, ...samples.keys()].filter((axis, index) => index < 2 || axis > 0));
}

/**
 * The positions that affine maps give each element of a picture: [N, …spatial, n], the last axis first.
 * @param theta [N, n, n + 1].
 */
export function affineGrid(theta: Tensor, spatial: readonly number[], alignCorners: boolean): Tensor {
  const dtype = positionType(theta);
  const rank = spatial.length;
  const along = (extent: number, axis: number): Tensor => {
    const index = ir.iota(dtype, spatial, axis);
    if (!alignCorners) return index.mul(2).add(1).div(extent).sub(1);
    return extent === 1
      ? index
      : index
          .mul(2)
          .div(extent - 1)
          .sub(1);
  };
  const positions = [...spatial.map(along).toReversed(), ir.filled(1, dtype, spatial)];
  return ir
    .stack(positions, rank)
    .dotGeneral(theta.cast(dtype), { leftContract: [rank], rightContract: [2] })
    .transpose([rank, ...spatial.keys(), rank + 1])
    .cast(theta.dtype);
}
