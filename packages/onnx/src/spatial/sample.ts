import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import { dtypeInfo, valueOf } from "@adjoint/ir/values";

/** The elements that each sample reads along one axis, and the weight of each. */
export interface Taps {
  /** i32, inside the axis. */
  readonly indices: Tensor;
  /** Of the same shape. */
  readonly weights: Tensor;
}

/** The elements around a position that count, and their weights. */
export interface Interpolation {
  /** The elements, counted from the one at or before the position. */
  readonly offsets: readonly number[];
  /** The weight of an element at a distance ≥ 0 from the position. */
  weight(distance: Tensor): Tensor;
}

/** Steepness of the cubic kernel at distance 1. Source: Keys, "Cubic convolution interpolation" (1981). */
const KEYS = -0.75;

export const interpolations: { readonly [mode in "nearest" | "linear" | "cubic"]: Interpolation } = {
  // Positions are rounded before.
  nearest: { offsets: [0], weight: (distance) => ir.filled(1, distance.dtype, distance.shape) },
  linear: { offsets: [0, 1], weight: (distance) => ir.sub(1, distance) },
  cubic: {
    offsets: [-1, 0, 1, 2],
    weight(d) {
      const near = d
        .mul(KEYS + 2)
        .sub(KEYS + 3)
        .mul(d)
        .mul(d)
        .add(1);
      const far = d.sub(5).mul(d).add(8).mul(d).sub(4).mul(KEYS);
      return d.lessOrEqual(1).where(near, far);
    },
  },
};

/** A whole position, possibly outside the axis, as one inside, and whether it counts. */
export type Inside = (position: Tensor) => { readonly position: Tensor; readonly counts?: Tensor };

/** Positions outside count as zeros. */
export const zerosOutside =
  (extent: number): Inside =>
  (position) => ({
    position: clamped(position, extent),
    counts: position.greaterOrEqual(0).and(position.lessOrEqual(extent - 1)),
  });

/** Positions outside are the nearest element. */
export const clamped = (position: Tensor, extent: number): Tensor => position.max(0).min(extent - 1);

/**
 * The taps around positions of one axis.
 * @param position floats, [...samples, 1…] with one axis of 1 for each spatial axis; taps run along axis `at`.
 */
export function tapsAround(
  position: Tensor,
  at: number,
  { offsets, weight }: Interpolation,
  inside: Inside,
): Taps {
  const shape = position.shape.map((_, axis) => (axis === at ? offsets.length : 1));
  const first = position.floor();
  const offset = ir.constant(valueOf(position.dtype, shape, offsets));
  const weights = weight(position.sub(first).sub(offset).abs());
  const { position: within, counts } = inside(first.add(offset));
  return { indices: within.cast("i32"), weights: counts === undefined ? weights : counts.where(weights, 0) };
}

/** The elements that taps meet, and their weights. */
export interface Samples {
  /** [...samples, ...taps, C]. */
  readonly elements: Tensor;
  /** [...samples, ...taps, 1]. */
  readonly weights: Tensor;
}

/**
 * Reads x [N, C, …spatial] where the taps of all axes meet; their shapes broadcast against each other and `batch`.
 * @param batch i32: which n each sample reads.
 */
export function read(x: Tensor, batch: Tensor, taps: readonly Taps[]): Samples {
  const weights = taps.map((axis) => axis.weights).reduce(ir.mul);
  const indices = [batch, ...taps.map((axis) => axis.indices)].map((index) => index.broadcast(weights.shape));
  const channelsLast = x.transpose([0, ...taps.map((_, axis) => axis + 2), 1]);
  return {
    elements: channelsLast.gather(ir.stack(indices, weights.rank)),
    weights: weights.unsqueeze(weights.rank),
  };
}

/** The weighted sums over the taps: [...samples, C]. */
export function interpolated(x: Tensor, batch: Tensor, taps: readonly Taps[]): Tensor {
  const { elements, weights } = read(x, batch, taps);
  return elements.mul(weights).reduceSum({ axes: taps.map((_, axis) => axis - taps.length - 1) });
}

/** 0, 1, 2… along axis 0 of [count, 1…], of a rank. */
export const batchIndices = (count: ir.Dim, rank: number): Tensor =>
  ir.iota("i32", [count, ...Array.from({ length: rank - 1 }, () => 1)]);

/** The type that positions and weights are computed in: f32 for what it holds without loss, else f64. */
export const positionType = ({ dtype }: Tensor): "f32" | "f64" =>
  dtypeInfo[dtype].bytes <= (ir.isFloat(dtype) ? 4 : 2) ? "f32" : "f64";
