import { at, dtypeInfo } from "@adjoint/ir/values";
import type { Location } from "../kernel/program.ts";
import type { BufferTable } from "../kernel/buffers.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { buffersOf } from "../kernel/kernel-buffers.ts";
import { overwrites } from "./schedule.ts";
import type { BufferId } from "../kernel/scalar.ts";

export interface MemoryPlan {
  readonly locations: readonly Location[];
  /** Bytes of each slot. */
  readonly slots: readonly number[];
}

/** The time in which a buffer is in use, in positions of the kernels (nested ones counted in line); both ends included. */
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

/** A stretch of the line that is run more than once or only sometimes. */
interface Loop {
  readonly start: number;
  readonly end: number;
  /** The buffers used inside it. */
  readonly used: ReadonlySet<BufferId>;
  /** The buffers that keep their content from one run of it to the next. */
  readonly kept: ReadonlySet<BufferId>;
}

/** First and last use of each buffer. What is alive around a loop is alive throughout it. */
function timeline(
  kernels: readonly Kernel[],
  inputs: readonly BufferId[],
  outputs: readonly BufferId[],
): Timeline {
  const intervals = new Map<BufferId, Interval>();
  const line: { readonly kernel: Kernel; readonly position: number }[] = [];
  const loops: Loop[] = [];
  /** Every use, in order: those of a loop stand together. */
  const uses: BufferId[] = [];
  let position = 0;
  const touch = (buffer: BufferId, moment: number): void => {
    uses.push(buffer);
    const interval = intervals.get(buffer);
    if (interval === undefined) intervals.set(buffer, { start: moment, end: moment });
    else {
      interval.start = Math.min(interval.start, moment);
      interval.end = Math.max(interval.end, moment);
    }
  };
  inputs.forEach((buffer) => touch(buffer, position));
  const walk = (list: readonly Kernel[]): void => {
    for (const kernel of list) {
      const start = ++position;
      const from = uses.length;
      line.push({ kernel, position: start });
      if (kernel.form === "scan") {
        for (const copy of kernel.slices) [copy.from, copy.to].forEach((buffer) => touch(buffer, start));
        walk(kernel.body);
        const end = ++position;
        for (const copy of [...kernel.outputs, ...kernel.feedback])
          [copy.from, copy.to].forEach((buffer) => touch(buffer, end));
        loops.push({
          start,
          end,
          used: new Set(uses.slice(from)),
          kept: new Set([
            ...kernel.slices.map((copy) => copy.from),
            ...[...kernel.outputs, ...kernel.feedback].map((copy) => copy.to),
          ]),
        });
      } else if (kernel.form === "if") {
        touch(kernel.condition, start);
        kernel.branches.forEach(walk);
        loops.push({ start, end: ++position, used: new Set(uses.slice(from)), kept: new Set() });
      } else {
        const { reads, writes } = buffersOf(kernel);
        for (const buffer of [...reads, ...writes]) touch(buffer, start);
      }
    }
  };
  walk(kernels);
  const last = ++position;
  outputs.forEach((buffer) => touch(buffer, last));
  for (const { start, end, used, kept } of loops) {
    for (const buffer of used) {
      const interval = intervals.get(buffer);
      if (interval === undefined) continue;
      if (interval.start >= start && interval.end <= end && !kept.has(buffer)) continue;
      interval.start = Math.min(interval.start, start);
      interval.end = Math.max(interval.end, end);
    }
  }
  return { intervals, line, length: last + 1 };
}

/**
 * Gives buffers to slots so that those alive at once never share one: in the order of their start, each takes the free
 * slot that fits best (growing the largest if none is large enough). A result may take over the slot of an operand
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
  const free = new FreeSlots();
  /** The buffers that have a slot and are in use, in the order in which they took it. */
  const busy = new Map<BufferId, { readonly slot: number; readonly turn: number }>();
  const planned = [...intervals.entries()]
    // An input that no kernel reads ends before the first of them, and needs no memory.
    .filter(([id, { end }]) => locations[id]?.kind === "none" && end > 0)
    .toSorted(([a, x], [b, y]) => x.start - y.start || bytesOf(b) - bytesOf(a) || a - b);
  /** Buffers in use by the position at which that ends. */
  const ending = new Map<number, BufferId[]>();
  const endingAt = (position: number): readonly BufferId[] =>
    (ending.get(position) ?? []).filter((id) => busy.has(id));
  let released = 0;
  const release = (before: number): void => {
    const over: BufferId[] = [];
    for (; released < before; released++) for (const id of endingAt(released)) over.push(id);
    for (const id of over.toSorted((a, b) => (busy.get(a)?.turn ?? 0) - (busy.get(b)?.turn ?? 0))) {
      const slot = busy.get(id)?.slot;
      busy.delete(id);
      if (slot !== undefined) free.add(slot, at(slots, slot));
    }
  };
  planned.forEach(([id, { start, end }], turn) => {
    release(start);
    const bytes = bytesOf(id);
    const kernel = kernelAt.get(start);
    const dying = kernel === undefined ? undefined : takeover(id, kernel, start);
    const taken = dying === undefined ? undefined : busy.get(dying)?.slot;
    if (taken !== undefined && dying !== undefined) busy.delete(dying);
    const slot = taken ?? free.take(bytes) ?? slots.length;
    slots[slot] = Math.max(slots[slot] ?? 0, bytes);
    busy.set(id, { slot, turn });
    const others = ending.get(end);
    if (others === undefined) ending.set(end, [id]);
    else others.push(id);
    locations[id] = { kind: "slot", slot };
  });
  return { locations, slots };

  /** An operand that ends here and that the result may write over. */
  function takeover(id: BufferId, kernel: Kernel, position: number): BufferId | undefined {
    const bytes = bytesOf(id);
    const width = dtypeInfo[buffers.get(id).dtype].bytes;
    return ending
      .get(position)
      ?.find(
        (other) =>
          busy.has(other) &&
          bytesOf(other) === bytes &&
          dtypeInfo[buffers.get(other).dtype].bytes === width &&
          intervals.get(other)?.start !== position &&
          overwrites(kernel, id, other) !== undefined,
      );
  }
}

/** Slots that nothing uses, by size; of one size the one that has been free for longest comes first. */
class FreeSlots {
  readonly #bySize = new Map<number, Set<number>>();
  /** Sizes in ascending order; those of which none is free are left out. */
  readonly #sizes: number[] = [];

  add(slot: number, size: number): void {
    const same = this.#bySize.get(size) ?? new Set();
    if (same.size === 0) this.#sizes.splice(this.#firstFrom(size), 0, size);
    this.#bySize.set(size, same.add(slot));
  }

  /** Takes the smallest that is large enough, or the largest. */
  take(bytes: number): number | undefined {
    const index = this.#firstFrom(bytes);
    const size = this.#sizes[index] ?? this.#sizes.at(-1);
    const same = size === undefined ? undefined : this.#bySize.get(size);
    if (size === undefined || same === undefined) return undefined;
    const [slot] = same;
    if (slot === undefined) return undefined;
    same.delete(slot);
    if (same.size === 0) this.#sizes.splice(this.#firstFrom(size), 1);
    return slot;
  }

  /** The index of the first size that is not smaller. */
  #firstFrom(size: number): number {
    let [low, high] = [0, this.#sizes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(this.#sizes, middle) < size) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
