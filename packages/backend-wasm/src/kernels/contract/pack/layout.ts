import { type Lane, isPlain } from "../lane.ts";
import { type Operand, type Part, strideOf } from "../operand.ts";
import { paddedTo } from "../sizes.ts";

/** Terms that are dealt out to panels at once: as many streams as the smallest first-level caches have ways. */
export const DEALT_TERMS = 8;

/** The reading of a side for the micro-kernel. */
export interface Access {
  /** Its elements are read in place; else through lines along one of its parts. */
  readonly direct: boolean;
  /** The part whose neighbours are read together. */
  readonly along: "free" | "inner";
}

const runLength = (part: Part, bytes: number): number => {
  const last = part.at(-1);
  return last?.stride === bytes ? last.size : 1;
};

/** True if all of a part's elements are neighbours in memory. */
export const isContiguous = (part: Part, bytes: number): boolean =>
  part.length === 0 || strideOf(part) === bytes;

export function accessOf(operand: Operand, lane: Lane): Access {
  const { free, inner, bytes } = operand;
  const steps = [strideOf(free), strideOf(inner)];
  // A step back can't be an immediate offset, so it goes through lines.
  const direct =
    isPlain(operand.dtype, lane) &&
    operand.guards.length === 0 &&
    steps.every((step) => step !== undefined && step >= 0);
  if (direct && free.length > 0 && isContiguous(free, bytes)) return { direct, along: "free" };
  if (direct && isContiguous(inner, bytes)) return { direct, along: "inner" };
  return { direct: false, along: runLength(free, bytes) >= runLength(inner, bytes) ? "free" : "inner" };
}

/** A packed side: panels of some free indices (columns of the right side, rows of the left), one after another. */
export interface PackedLayout {
  /** Bytes that a free index takes. A panel has as many times that as it is wide. */
  readonly freeBytes: number;
  readonly bytes: number;
}

/** @param depth room for terms; a multiple of DEALT_TERMS */
export const packedLayout = (free: number, depth: number, lane: Lane): PackedLayout => {
  const freeBytes = depth * lane.bytes;
  return { freeBytes, bytes: free * freeBytes };
};

/** Bytes that gathering may write past the end of a line. */
const LINE_SLACK = 16;

/** Bytes of a line of so many sums, with those that gathering may write past its end. */
export const lineBytes = (elements: number, lane: Lane): number =>
  paddedTo(elements * lane.bytes, 16) + LINE_SLACK;

/** Lines of a side, before they are packed. */
export interface LineLayout {
  /** Bytes from a line to the next. */
  readonly step: number;
  readonly bytes: number;
}

/**
 * The lines that a side is packed through: as many as terms are dealt out at once, or as a panel is wide.
 * @param most free indices that are packed at once
 */
export function lineLayout(
  access: Access,
  lane: Lane,
  width: number,
  depth: number,
  most: number,
): LineLayout {
  if (access.direct) return { step: 0, bytes: 0 };
  const [count, elements] = access.along === "free" ? [DEALT_TERMS, most + width] : [width, depth];
  const step = lineBytes(elements, lane);
  return { step, bytes: count * step };
}
