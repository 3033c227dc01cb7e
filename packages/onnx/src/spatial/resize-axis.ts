import * as ir from "@adjoint/ir";
import { type Tensor, valueOf } from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";

/** The position on an axis that each index of the resized axis comes from. */
type CoordinateMode =
  | "half_pixel"
  | "half_pixel_symmetric"
  | "pytorch_half_pixel"
  | "align_corners"
  | "asymmetric"
  | "tf_half_pixel_for_nn"
  | "tf_crop_and_resize";

type NearestMode = "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil";

export interface ResizeOptions {
  readonly mode: "nearest" | "linear" | "cubic";
  readonly coordinates: CoordinateMode;
  readonly nearest: NearestMode;
  /** Steepness of the cubic kernel at distance 1. */
  readonly cubic: number;
  /** Weights outside the axis count for nothing; else the border's element stands there. */
  readonly excludeOutside: boolean;
  /** For tf_crop_and_resize: the value of positions outside the axis. */
  readonly extrapolation: number;
  readonly antialias: boolean;
}

/** The resizing of one axis. */
export interface ResizedAxis {
  readonly extent: number;
  readonly size: number;
  readonly scale: number;
  /** extent·scale, which need not be whole. */
  readonly length: number;
  /** Of tf_crop_and_resize: the part of the axis that is taken, in 0…1. */
  readonly region: readonly [start: number, end: number];
}

type Coordinate = (x: number, axis: ResizedAxis) => number;

const halfPixel: Coordinate = (x, { scale }) => (x + 0.5) / scale - 0.5;

const coordinateModes: { readonly [mode in CoordinateMode]: Coordinate } = {
  half_pixel: halfPixel,
  half_pixel_symmetric: (x, axis) => (axis.extent / 2) * (1 - axis.size / axis.length) + halfPixel(x, axis),
  pytorch_half_pixel: (x, axis) => (axis.size > 1 ? halfPixel(x, axis) : 0),
  align_corners: (x, { extent, length }) => (length === 1 ? 0 : (x * (extent - 1)) / (length - 1)),
  asymmetric: (x, { scale }) => x / scale,
  tf_half_pixel_for_nn: (x, { scale }) => (x + 0.5) / scale,
  tf_crop_and_resize: (x, { extent, length, region: [start, end] }) => {
    const step = length === 1 ? 0.5 : x / (length - 1);
    return (start + step * (end - start)) * (extent - 1);
  },
};

/** The distance of the element after a position from which on the one before is taken. */
const takesBefore: { readonly [mode in NearestMode]: (ratio: number) => boolean } = {
  round_prefer_floor: (ratio) => ratio <= 0.5,
  round_prefer_ceil: (ratio) => ratio < 0.5,
  floor: (ratio) => ratio < 1,
  ceil: () => false,
};

/** The weight of an element by its distance from a position, and from which distance on it is 0. */
interface Kernel {
  readonly reach: number;
  weight(distance: number): number;
}

const linear: Kernel = { reach: 1, weight: (d) => Math.max(0, 1 - d) };

/** Source: Keys, "Cubic convolution interpolation for digital image processing" (1981). */
const cubic = (a: number): Kernel => ({
  reach: 2,
  weight: (d) => {
    if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
  },
});

/** The elements around a position that count: their number, and the first, counted from the one before the position. */
interface Reach {
  readonly first: number;
  readonly taps: number;
  /** The factor that widens the kernel: smaller results widen it, so that every element counts. */
  readonly shrink: number;
  readonly kernel: Kernel;
}

function reachOf({ scale }: ResizedAxis, options: ResizeOptions): Reach {
  const kernel = options.mode === "linear" ? linear : cubic(options.cubic);
  const shrink = options.antialias ? Math.min(scale, 1) : 1;
  const first = Math.floor(-kernel.reach / shrink) + 1;
  return { first, taps: options.mode === "nearest" ? 1 : 2 - 2 * first, shrink, kernel };
}

/** The elements that a resized axis is made of, and the weight of each: `taps` for each position. */
interface Mixtures {
  readonly taps: number;
  readonly indices: Int32Array;
  readonly weights: Float64Array;
}

/** The elements at positions that need not be whole. Before a whole position is the element to its left. */
function mixturesAt(
  positions: Float64Array,
  axis: ResizedAxis,
  options: ResizeOptions,
  { first, taps, shrink, kernel }: Reach,
): Mixtures {
  const indices = new Int32Array(positions.length * taps);
  const weights = new Float64Array(positions.length * taps);
  const inside = (index: number): number => Math.min(Math.max(index, 0), axis.extent - 1);
  const isScaled = options.antialias || options.excludeOutside;
  positions.forEach((position, index) => {
    const before = Math.ceil(position) - 1;
    const ratio = position - before;
    const start = index * taps;
    if (options.mode === "nearest") {
      indices[start] = inside(takesBefore[options.nearest](ratio) ? before : before + 1);
      return;
    }
    let total = 0;
    for (let tap = 0; tap < taps; tap++) {
      const element = before + first + tap;
      const isOutside = inside(element) !== element;
      const share =
        options.excludeOutside && isOutside ? 0 : kernel.weight(Math.abs(first + tap - ratio) * shrink);
      indices[start + tap] = inside(element);
      weights[start + tap] = share;
      total += share;
    }
    if (isScaled) for (let tap = start; tap < start + taps; tap++) weights[tap] = (weights[tap] ?? 0) / total;
  });
  return { taps, indices, weights };
}

/** Resizes one axis of x. Linear and cubic modes want floats. */
export function resizeAxis(
  context: OperatorContext,
  x: Tensor,
  at: number,
  axis: ResizedAxis,
  options: ResizeOptions,
): Tensor {
  const reach = reachOf(axis, options);
  if (!Number.isSafeInteger(axis.size) || axis.size < 0 || !Number.isSafeInteger(reach.taps))
    return context.refuse(`axis ${at} of ${x} would become ${axis.size} long, by a scale of ${axis.scale}`);
  context.reserve(axis.size * (1 + reach.taps));
  const positions = Float64Array.from({ length: axis.size }, (_, index) =>
    coordinateModes[options.coordinates](index, axis),
  );
  const resized = mixed(x, at, mixturesAt(positions, axis, options, reach), axis.size);
  if (options.coordinates !== "tf_crop_and_resize") return resized;
  const isOutside = Uint8Array.from(positions, (position) =>
    position < 0 || position > axis.extent - 1 ? 1 : 0,
  );
  if (!isOutside.includes(1)) return resized;
  const outside = ir.constant(ir.tensorValue("bool", lineShape(x, at, axis.size), isOutside));
  return outside.where(options.extrapolation, resized);
}

/** A shape that stretches along one axis of x alone. */
const lineShape = (x: Tensor, at: number, size: number): readonly number[] =>
  Array.from({ length: x.rank - at }, (_, index) => (index === 0 ? size : 1));

/** Sums of weighted elements along one axis. */
function mixed(x: Tensor, at: number, { taps, indices, weights }: Mixtures, size: number): Tensor {
  const taken = x.take(ir.constant(ir.tensorValue("i32", [size, taps], indices)), at);
  if (taps === 1) return taken.squeeze(at + 1);
  const behind = Array.from({ length: x.rank - at - 1 }, () => 1);
  return taken
    .mul(ir.constant(valueOf(x.dtype, [size, taps, ...behind], weights)))
    .reduceSum({ axes: [at + 1] });
}
