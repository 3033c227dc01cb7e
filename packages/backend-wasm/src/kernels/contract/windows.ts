import { type Lane, isPlain } from "./lane.ts";
import type { Axis, Operand, Part } from "./operand.ts";

/** The largest padded copy of an image, in bytes. */
const MOST_IMAGE = 1 << 20;
/** Bytes behind an image that vectors at its end may read. */
const IMAGE_SLACK = 64;

/** One axis of a padded copy: where its elements come from, and which of them are not padding. */
export interface ImageAxis {
  readonly size: number;
  /** Byte steps, in the copy and in the operand. */
  readonly pitch: number;
  readonly stride: number;
  readonly first: number;
  readonly end: number;
}

/** A copy of a part of an operand with its padding, in which reading needs no guards. */
export interface Image {
  readonly axes: readonly ImageAxis[];
  readonly bytes: number;
  /** Bytes from the operand's origin to the copy's first element, were it there. */
  readonly start: number;
}

/**
 * A right side that is read through windows: columns are outer ++ middle ++ [run], and the element of a column and a
 * term lies at the sum of their offsets. Along a run columns are neighbours, so a sliver is read where it lies.
 */
export interface Window {
  /** Axes that choose an image; steps in the operand. */
  readonly outer: Part;
  /** Axes between an image and a run, and terms: steps in the image, or in the operand if there is none. */
  readonly middle: Part;
  readonly run: number;
  readonly terms: Part;
  /** Bytes from the image's start to the first window's first term. */
  readonly origin: number;
  /** Absent where no window reaches into padding. */
  readonly image?: Image;
}

const plainAxis = (size: number, stride: number): Axis => ({ size, stride, guards: [] });

/** The windows of a right side, if it has them. */
export function windowOf(right: Operand, lane: Lane): Window | undefined {
  const { free, inner, guards, bytes } = right;
  const run = free.at(-1);
  if (run === undefined || run.stride !== bytes || run.size < lane.count) return undefined;
  if (!isPlain(right.dtype, lane)) return undefined;
  if (guards.length > 0) return paddedWindow(right, run, lane);
  return {
    outer: free.slice(0, -2),
    middle: free.slice(0, -1).slice(-1),
    run: run.size,
    terms: inner,
    origin: 0,
  };
}

/** A guarded axis of columns with the tap that moves along it: element position + tap·step. */
interface Padded {
  readonly guard: number;
  readonly tap: Axis | undefined;
  /** The tap's step in elements of the axis. */
  readonly step: number;
}

function paddedOf({ free, inner, guards }: Operand, axis: Axis): Padded | undefined | "none" {
  const own = guards.flatMap((_, guard) => ((axis.guards[guard] ?? 0) === 0 ? [] : [guard]));
  const [guard] = own;
  if (guard === undefined) return "none";
  const moves = (other: Axis): boolean => (other.guards[guard] ?? 0) !== 0;
  const taps = inner.filter(moves);
  const [tap] = taps;
  const step = tap?.guards[guard] ?? 0;
  const isSimple =
    own.length === 1 &&
    // Windows of windows move along one axis of the operand by two of columns.
    free.filter(moves).length === 1 &&
    axis.guards[guard] === 1 &&
    taps.length <= 1 &&
    (tap === undefined ||
      (tap.stride === step * axis.stride && tap.guards.every((other, at) => at === guard || other === 0)));
  return isSimple ? { guard, tap, step } : undefined;
}

function paddedWindow(right: Operand, run: Axis, lane: Lane): Window | undefined {
  const { free, inner, guards, batch } = right;
  const isGuarded = (axis: Axis): boolean => axis.guards.some((step) => step !== 0);
  const first = free.findIndex(isGuarded);
  if (first < 0 || batch.some(isGuarded)) return undefined;
  const places = new Map<Axis, { readonly at: number; readonly step: number }>();
  const sizes: { size: number; stride: number; first: number; end: number }[] = [];
  const seen = new Set<number>();
  let start = 0;
  const offsets: { readonly at: number; readonly low: number }[] = [];
  for (const axis of inner) {
    if (isGuarded(axis)) continue;
    places.set(axis, { at: sizes.length, step: 1 });
    sizes.push({ size: axis.size, stride: axis.stride, first: 0, end: axis.size });
  }
  for (const axis of free.slice(first)) {
    const padded = paddedOf(right, axis);
    if (padded === undefined) return undefined;
    places.set(axis, { at: sizes.length, step: 1 });
    if (padded === "none") {
      sizes.push({ size: axis.size, stride: axis.stride, first: 0, end: axis.size });
      continue;
    }
    const { guard, tap, step } = padded;
    const reach = step * ((tap?.size ?? 1) - 1);
    const low = Math.min(0, reach);
    const size = axis.size + Math.abs(reach);
    const { offset, limit } = guards[guard] ?? { offset: 0, limit: size };
    const clamp = (at: number): number => Math.min(size, Math.max(0, at));
    const from = clamp(-(low + offset));
    seen.add(guard);
    if (tap !== undefined) places.set(tap, { at: sizes.length, step });
    offsets.push({ at: sizes.length, low });
    start += low * axis.stride;
    sizes.push({ size, stride: axis.stride, first: from, end: Math.max(from, clamp(limit - low - offset)) });
  }
  if (seen.size < guards.length || inner.some((axis) => !places.has(axis))) return undefined;
  const axes: ImageAxis[] = [];
  let pitch: number = lane.bytes;
  for (const size of sizes.toReversed()) {
    axes.unshift({ ...size, pitch });
    pitch *= size.size;
  }
  if (pitch > MOST_IMAGE) return undefined;
  const inImage = (axis: Axis): Axis => {
    const place = places.get(axis);
    return plainAxis(axis.size, (axes[place?.at ?? 0]?.pitch ?? 0) * (place?.step ?? 0));
  };
  return {
    outer: free.slice(0, first),
    middle: free.slice(first, -1).map(inImage),
    run: run.size,
    terms: inner.map(inImage),
    origin: offsets.reduce((sum, { at, low }) => sum - low * (axes[at]?.pitch ?? 0), 0),
    image: { axes, bytes: pitch + IMAGE_SLACK, start },
  };
}

/** How many images there are: what threads share of the columns of windows. */
export const imagesOf = ({ outer }: Window): number => outer.reduce((count, axis) => count * axis.size, 1);

/** Runs of an image. */
export const runsOf = ({ middle }: Window): number => middle.reduce((count, axis) => count * axis.size, 1);
