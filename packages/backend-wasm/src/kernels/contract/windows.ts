import { at } from "@adjoint/ir/values";
import type { Region } from "../../region.ts";
import { type Lane, isPlain } from "./lane.ts";
import { type Axis, type Operand, type Part, countOf } from "./operand.ts";
import type { LineLayout } from "./pack/layout.ts";
import { ownRegion } from "./regions.ts";

/** The largest padded copy of an image, in bytes. */
const MOST_IMAGE = 1 << 20;
/** Bytes behind an image that vectors at its end may read. */
const IMAGE_SLACK = 64;

/** An axis of a padded copy. */
export interface PaddedAxis {
  readonly size: number;
  /** Bytes from an element to the next, in the copy and in the operand. */
  readonly pitch: number;
  readonly stride: number;
  /** The elements that are not padding, from the first to before the end. */
  readonly first: number;
  readonly end: number;
}

/** A copy of an image with its padding, so that reading it needs no guards. */
export interface PaddedCopy {
  readonly axes: readonly PaddedAxis[];
  readonly bytes: number;
  /** Bytes from the image in the operand to the copy's first element, if it were there. */
  readonly start: number;
}

/**
 * An operand that is read through windows. Its free axes are images ++ runs ++ [run]; the address of an element is the sum of
 * the offsets of its free index and its term. Elements along a run are neighbours, so a panel is read in place.
 */
export interface Windows {
  /** Axes that choose an image; strides are those of the operand. */
  readonly images: Part;
  /** Axes that choose a run of an image, and those of a window: strides of the padded copy, or of the operand without one. */
  readonly runs: Part;
  readonly taps: Part;
  /** Elements of a run. */
  readonly run: number;
  /** Bytes from the image's start to the first tap of the first window. */
  readonly origin: number;
  /** Absent if no window reaches into padding. */
  readonly copy?: PaddedCopy;
}

/** The largest packed left side beside windows, in bytes; the sums that a way with swapped sides keeps are no larger either. */
export const MOST_PACKED: number = 1 << 20;

/** The regions of all ways that read windows: a packed side, a table for each block of terms, lines, and a padded copy. */
export const windowRegions = (
  { copy }: Windows,
  packedBytes: number,
  lines: LineLayout,
  tables: number,
): readonly Region<"packed" | "tables" | "lines" | "image">[] => [
  ownRegion("packed", packedBytes),
  ownRegion("tables", tables),
  ownRegion("lines", lines.bytes),
  ownRegion("image", copy?.bytes ?? 0),
];

/** The windows of an operand, if it has them. */
export function windowsOf(operand: Operand, lane: Lane): Windows | undefined {
  const { free, inner, guards, bytes } = operand;
  const run = free.at(-1);
  if (run === undefined || run.stride !== bytes || run.size < lane.count) return undefined;
  if (!isPlain(operand.dtype, lane)) return undefined;
  if (guards.length > 0) return paddedWindows(operand, run, lane);
  return {
    images: free.slice(0, -2),
    runs: free.slice(0, -1).slice(-1),
    run: run.size,
    taps: inner,
    origin: 0,
  };
}

/** An axis of a padded copy before its pitch is known. */
interface FoundAxis extends Omit<PaddedAxis, "pitch"> {
  /** Axes of the operand that move along it, and by how many elements. */
  readonly movedBy: readonly (readonly [axis: Axis, step: number])[];
  /** The guard that makes its padding, if it has any. */
  readonly guard?: number;
  /** The lowest element that a window reads, relative to the first window's first tap: not above 0. */
  readonly low: number;
}

const isGuarded = (axis: Axis): boolean => axis.guards.some((step) => step !== 0);

const unpadded = (axis: Axis): FoundAxis => ({
  size: axis.size,
  stride: axis.stride,
  first: 0,
  end: axis.size,
  movedBy: [[axis, 1]],
  low: 0,
});

/** The axis of the copy along which a free axis and at most one tap move, if they move in one guard alone. */
function foundAxis({ free, inner, guards }: Operand, axis: Axis): FoundAxis | undefined {
  const own = guards.flatMap((_, guard) => (at(axis.guards, guard) === 0 ? [] : [guard]));
  const [guard] = own;
  if (guard === undefined) return unpadded(axis);
  const moves = (other: Axis): boolean => at(other.guards, guard) !== 0;
  const taps = inner.filter(moves);
  const [tap] = taps;
  const step = tap === undefined ? 0 : at(tap.guards, guard);
  const isSimple =
    own.length === 1 &&
    // Windows of windows move along one axis of the operand by two of columns.
    free.filter(moves).length === 1 &&
    axis.guards[guard] === 1 &&
    taps.length <= 1 &&
    (tap === undefined ||
      (tap.stride === step * axis.stride &&
        tap.guards.every((other, index) => index === guard || other === 0)));
  if (!isSimple) return undefined;
  const reach = tap === undefined ? 0 : step * (tap.size - 1);
  const low = Math.min(0, reach);
  const size = axis.size + Math.abs(reach);
  const { offset, limit } = at(guards, guard);
  const clamp = (index: number): number => Math.min(size, Math.max(0, index));
  const first = clamp(-(low + offset));
  return {
    size,
    stride: axis.stride,
    first,
    end: Math.max(first, clamp(limit - low - offset)),
    movedBy: [[axis, 1], ...(tap === undefined ? [] : [[tap, step] as const])],
    guard,
    low,
  };
}

/** The axes of the padded copy: the window's unguarded ones, then those of the image. Undefined if guards are of another kind. */
function foundAxes(operand: Operand, firstOfImage: number): readonly FoundAxis[] | undefined {
  const { free, inner, guards } = operand;
  const found = inner.filter((axis) => !isGuarded(axis)).map(unpadded);
  for (const axis of free.slice(firstOfImage)) {
    const own = foundAxis(operand, axis);
    if (own === undefined) return undefined;
    found.push(own);
  }
  const moved = new Set(found.flatMap(({ movedBy }) => movedBy.map(([axis]) => axis)));
  const padding = new Set(found.flatMap(({ guard }) => (guard === undefined ? [] : [guard])));
  return padding.size < guards.length || inner.some((axis) => !moved.has(axis)) ? undefined : found;
}

function paddedWindows(operand: Operand, run: Axis, lane: Lane): Windows | undefined {
  const { free, inner, batch } = operand;
  const firstOfImage = free.findIndex(isGuarded);
  if (firstOfImage < 0 || batch.some(isGuarded)) return undefined;
  const found = foundAxes(operand, firstOfImage);
  if (found === undefined) return undefined;
  const axes: PaddedAxis[] = [];
  const pitches = new Map<Axis, number>();
  let pitch: number = lane.bytes;
  let [origin, start] = [0, 0];
  for (const { movedBy, low, size, stride, first, end } of found.toReversed()) {
    axes.unshift({ size, stride, first, end, pitch });
    for (const [moving, step] of movedBy) pitches.set(moving, step * pitch);
    origin -= low * pitch;
    start += low * stride;
    pitch *= size;
  }
  if (pitch > MOST_IMAGE) return undefined;
  const inCopy = (axis: Axis): Axis => ({
    size: axis.size,
    stride: pitchOf(pitches, axis),
    guards: [],
  });
  return {
    images: free.slice(0, firstOfImage),
    runs: free.slice(firstOfImage, -1).map(inCopy),
    run: run.size,
    taps: inner.map(inCopy),
    origin,
    copy: { axes, bytes: pitch + IMAGE_SLACK, start },
  };
}

function pitchOf(pitches: ReadonlyMap<Axis, number>, axis: Axis): number {
  const pitch = pitches.get(axis);
  if (pitch === undefined) throw new RangeError("an axis of windows moves along none of their image");
  return pitch;
}

/** The number of images: the units of columns that threads share. */
export const imageCount = ({ images }: Windows): number => countOf(images);

/** The number of runs in an image. */
export const runCount = ({ runs }: Windows): number => countOf(runs);

/** The positions of an image, as its runs' elements one after another. */
export const positionsOf = ({ runs, run }: Windows, lane: Lane): Part => [
  ...runs,
  { size: run, stride: lane.bytes, guards: [] },
];
