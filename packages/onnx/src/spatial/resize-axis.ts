import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";

/** Which place of an axis each place of the resized axis comes from. */
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
  /** Of tf_crop_and_resize: what places outside the axis are. */
  readonly extrapolation: number;
  readonly antialias: boolean;
}

/** How one axis is resized. */
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

/** How far the element after a place must be for the one before to be taken, of places between two. */
const takesBefore: { readonly [mode in NearestMode]: (ratio: number) => boolean } = {
  round_prefer_floor: (ratio) => ratio <= 0.5,
  round_prefer_ceil: (ratio) => ratio < 0.5,
  floor: (ratio) => ratio < 1,
  ceil: () => false,
};

/** The weight of an element by its distance from a place, and from which distance on it is 0. */
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

/** The elements that one place of the result is made of, and how much of each. */
interface Mixture {
  readonly indices: readonly number[];
  readonly weights: readonly number[];
}

/** What is at a place, which need not be whole. Of a whole place the element before is the one to its left. */
function mixtureAt(place: number, axis: ResizedAxis, options: ResizeOptions): Mixture {
  const before = Math.ceil(place) - 1;
  const ratio = place - before;
  const inside = (index: number): number => Math.min(Math.max(index, 0), axis.extent - 1);
  if (options.mode === "nearest")
    return { indices: [inside(takesBefore[options.nearest](ratio) ? before : before + 1)], weights: [1] };
  const { reach, weight } = options.mode === "linear" ? linear : cubic(options.cubic);
  // Smaller results widen the kernel, so that every element counts.
  const shrink = options.antialias ? Math.min(axis.scale, 1) : 1;
  const first = Math.floor(-reach / shrink) + 1;
  const offsets = Array.from({ length: 2 - 2 * first }, (_, index) => first + index);
  const weights = offsets.map((offset) => {
    const isOutside = inside(before + offset) !== before + offset;
    return options.excludeOutside && isOutside ? 0 : weight(Math.abs(offset - ratio) * shrink);
  });
  const total = weights.reduce((sum, value) => sum + value, 0);
  return {
    indices: offsets.map((offset) => inside(before + offset)),
    weights: options.antialias || options.excludeOutside ? weights.map((value) => value / total) : weights,
  };
}

/** Resizes one axis of x. Linear and cubic modes want floats. */
export function resizeAxis(x: Tensor, at: number, axis: ResizedAxis, options: ResizeOptions): Tensor {
  const places = Array.from({ length: axis.size }, (_, index) =>
    coordinateModes[options.coordinates](index, axis),
  );
  const mixtures = places.map((place) => mixtureAt(place, axis, options));
  const resized = mixed(x, at, mixtures);
  const isOutside = places.map((place) => place < 0 || place > axis.extent - 1);
  if (options.coordinates !== "tf_crop_and_resize" || !isOutside.includes(true)) return resized;
  const outside = ir.constant(ir.valueOf("bool", lineShape(x, at, axis.size), isOutside));
  return outside.where(options.extrapolation, resized);
}

/** A shape that stretches along one axis of x alone. */
const lineShape = (x: Tensor, at: number, size: number): readonly number[] =>
  Array.from({ length: x.rank - at }, (_, index) => (index === 0 ? size : 1));

/** Sums of weighted elements along one axis. */
function mixed(x: Tensor, at: number, mixtures: readonly Mixture[]): Tensor {
  const taps = mixtures[0]?.indices.length ?? 0;
  const indices = ir.constant(
    ir.valueOf(
      "i32",
      [mixtures.length, taps],
      mixtures.flatMap((mixture) => mixture.indices),
    ),
  );
  const taken = x.take(indices, at);
  if (taps === 1) return taken.squeeze(at + 1);
  const weights = mixtures.flatMap((mixture) => mixture.weights);
  const behind = Array.from({ length: x.rank - at - 1 }, () => 1);
  return taken
    .mul(ir.constant(ir.valueOf(x.dtype, [mixtures.length, taps, ...behind], weights)))
    .reduceSum({ axes: [at + 1] });
}
