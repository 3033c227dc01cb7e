import { dtypeInfo } from "@adjoint/ir";
import type { BufferTable } from "./buffers.ts";
import type { Kernel } from "./kernel.ts";
import { buffersOf } from "./kernel-buffers.ts";
import { overwrites } from "./schedule.ts";
import type { BufferId } from "./scalar.ts";

/** Where a buffer lives while the program runs. */
export type Location =
  | { readonly kind: "slot"; readonly slot: number }
  | { readonly kind: "register"; readonly name: string }
  | { readonly kind: "constant" }
  /** Nothing touches it. */
  | { readonly kind: "none" };

export interface MemoryPlan {
  readonly locations: readonly Location[];
  /** Bytes of each slot. */
  readonly slots: readonly number[];
}

/** When a buffer is in use, in positions of the kernels (nested ones counted in line); both ends included. */
interface Interval {
  start: number;
  end: number;
}

interface Timeline {
  readonly intervals: Map<BufferId, Interval>;
  /** Kernels in line, with their position. */
  readonly line: readonly { readonly kernel: Kernel; readonly position: number }[];
  readonly length: number;
}

/** First and last use of each buffer. What is alive around a loop is alive throughout it. */
function timeline(
  kernels: readonly Kernel[],
  inputs: readonly BufferId[],
  outputs: readonly BufferId[],
): Timeline {
  const intervals = new Map<BufferId, Interval>();
  const line: { readonly kernel: Kernel; readonly position: number }[] = [];
  const loops: { readonly start: number; readonly end: number; readonly kept: ReadonlySet<BufferId> }[] = [];
  let position = 0;
  const touch = (buffer: BufferId, at: number): void => {
    const interval = intervals.get(buffer);
    if (interval === undefined) intervals.set(buffer, { start: at, end: at });
    else {
      interval.start = Math.min(interval.start, at);
      interval.end = Math.max(interval.end, at);
    }
  };
  inputs.forEach((buffer) => touch(buffer, position));
  const walk = (list: readonly Kernel[]): void => {
    for (const kernel of list) {
      const start = ++position;
      line.push({ kernel, position: start });
      if (kernel.form === "scan") {
        for (const { from, to } of kernel.slices) [from, to].forEach((buffer) => touch(buffer, start));
        walk(kernel.body);
        const end = ++position;
        for (const { from, to } of [...kernel.outputs, ...kernel.feedback])
          [from, to].forEach((buffer) => touch(buffer, end));
        loops.push({
          start,
          end,
          kept: new Set([
            ...kernel.slices.map((copy) => copy.from),
            ...[...kernel.outputs, ...kernel.feedback].map((copy) => copy.to),
          ]),
        });
      } else if (kernel.form === "if") {
        touch(kernel.condition, start);
        kernel.branches.forEach(walk);
        loops.push({ start, end: ++position, kept: new Set() });
      } else {
        const { reads, writes } = buffersOf(kernel);
        for (const buffer of [...reads, ...writes]) touch(buffer, start);
      }
    }
  };
  walk(kernels);
  const last = ++position;
  outputs.forEach((buffer) => touch(buffer, last));
  for (const { start, end, kept } of loops) {
    for (const [buffer, interval] of intervals) {
      const inside = interval.end >= start && interval.start <= end;
      const crosses = interval.start < start || interval.end > end || kept.has(buffer);
      if (inside && crosses) {
        interval.start = Math.min(interval.start, start);
        interval.end = Math.max(interval.end, end);
      }
    }
  }
  return { intervals, line, length: last + 1 };
}

/**
 * Gives buffers to slots so that those alive at once never share one: in the order of their start, each takes the free
 * slot that fits best (growing the largest where none is large enough). A result may take over the slot of an operand
 * that its kernel reads for the last time, element by element.
 */
export function planMemory(
  kernels: readonly Kernel[],
  buffers: BufferTable,
  inputs: readonly BufferId[],
  outputs: readonly BufferId[],
  inPlace: ReadonlyMap<BufferId, BufferId>,
): MemoryPlan {
  const { intervals, line } = timeline(kernels, inputs, outputs);
  const locations: Location[] = buffers.all.map((_, id): Location => {
    const { owner } = buffers.get(inPlace.get(id) ?? id);
    if (owner.kind === "register") return { kind: "register", name: owner.name };
    if (owner.kind === "constant") return { kind: "constant" };
    return { kind: "none" };
  });
  const bytesOf = (id: BufferId): number => buffers.get(id).elements * dtypeInfo[buffers.get(id).dtype].bytes;
  const kernelAt = new Map(line.map(({ kernel, position }) => [position, kernel]));
  const slots: number[] = [];
  const free = new Set<number>();
  const busy = new Map<BufferId, number>();
  const slotOf = (id: BufferId): number | undefined => busy.get(id);
  const release = (before: number): void => {
    for (const [id, slot] of busy) {
      if ((intervals.get(id)?.end ?? 0) < before) {
        busy.delete(id);
        free.add(slot);
      }
    }
  };
  const planned = [...intervals.entries()]
    // An input that no kernel reads ends before the first of them, and needs no memory.
    .filter(([id, { end }]) => locations[id]?.kind === "none" && end > 0)
    .toSorted(([a, x], [b, y]) => x.start - y.start || bytesOf(b) - bytesOf(a) || a - b);
  for (const [id, { start }] of planned) {
    release(start);
    const bytes = bytesOf(id);
    const kernel = kernelAt.get(start);
    const dying = kernel === undefined ? undefined : takeover(id, kernel, start);
    let slot = dying === undefined ? undefined : slotOf(dying);
    if (slot !== undefined && dying !== undefined) busy.delete(dying);
    slot ??= bestFree(bytes);
    free.delete(slot);
    slots[slot] = Math.max(slots[slot] ?? 0, bytes);
    busy.set(id, slot);
    locations[id] = { kind: "slot", slot };
  }
  return { locations, slots };

  /** An operand that ends here and that the result may write over. */
  function takeover(id: BufferId, kernel: Kernel, position: number): BufferId | undefined {
    const bytes = bytesOf(id);
    for (const [other] of busy) {
      const interval = intervals.get(other);
      const sameWidth = dtypeInfo[buffers.get(other).dtype].bytes === dtypeInfo[buffers.get(id).dtype].bytes;
      if (interval?.end !== position || !sameWidth || bytesOf(other) !== bytes || interval.start === position)
        continue;
      if (overwrites(kernel, id, other) !== undefined) return other;
    }
    return undefined;
  }

  function bestFree(bytes: number): number {
    let best: number | undefined;
    for (const slot of free) {
      const [size, current] = [slots[slot] ?? 0, best === undefined ? 0 : (slots[best] ?? 0)];
      const better =
        best === undefined ||
        (size >= bytes ? current < bytes || size < current : current < bytes && size > current);
      if (better) best = slot;
    }
    return best ?? slots.length;
  }
}
