import { elementCount } from "@adjoint/ir";
import { type Group, type OpenGroup, absorb, joinReductions, traffic } from "./group.ts";
import type { BufferId } from "./scalar.ts";

/** What a backend allows one kernel. */
export interface FusionLimits {
  /** Buffers that one kernel may touch. */
  readonly buffers: number;
}

/** What is known of buffers before groups merge. */
export interface Edge {
  /** Results that someone outside reads. */
  readonly ends: ReadonlySet<BufferId>;
  /** Registers by the buffer of their next value, where it is expected in the register's own memory. */
  readonly homes: ReadonlyMap<BufferId, BufferId>;
}

export interface Fused {
  /** In an order that runs. */
  readonly groups: readonly Group[];
  /** Whether anything but the group that computes it reads a buffer. */
  readonly isStored: (buffer: BufferId) => boolean;
}

/** Results this small are joined although they share no input: their kernels cost more to start than to run. */
const TINY = 64;
/** Neighbours of one size that are tried as siblings. */
const SIBLINGS = 8;

/** The graph of groups while they merge. */
class Fusion {
  readonly #groups: (Group | undefined)[];
  readonly #reads: ReadonlySet<BufferId>[];
  readonly #writes: ReadonlySet<BufferId>[];
  readonly #producer = new Map<BufferId, number>();
  readonly #readers = new Map<BufferId, Set<number>>();
  readonly #limits: FusionLimits;
  readonly #edge: Edge;
  /** A merge was refused since it would touch too many buffers. */
  #isFull = false;

  constructor(groups: readonly Group[], limits: FusionLimits, edge: Edge) {
    this.#limits = limits;
    this.#edge = edge;
    this.#groups = [...groups];
    const all = groups.map(traffic);
    this.#reads = all.map(({ reads }) => reads);
    this.#writes = all.map(({ writes }) => writes);
    this.#writes.forEach((writes, index) => writes.forEach((buffer) => this.#producer.set(buffer, index)));
    this.#reads.forEach((reads, index) => reads.forEach((buffer) => this.#readersOf(buffer).add(index)));
  }

  #readersOf(buffer: BufferId): Set<number> {
    const readers = this.#readers.get(buffer) ?? new Set();
    this.#readers.set(buffer, readers);
    return readers;
  }

  /** Consumers move into the group that produces what they read. What was too much may fit once others have moved. */
  vertical(): void {
    let isMoving = true;
    while (isMoving) {
      this.#isFull = false;
      isMoving = this.#verticalOnce() && this.#isFull;
    }
  }

  #verticalOnce(): boolean {
    let isMoving = false;
    for (let index = 0; index < this.#groups.length; index++) {
      const group = this.#groups[index];
      if (group === undefined || !group.open || group.anchor.form !== "map") continue;
      let consumer = index;
      // Elementwise producers first: what has joined a reduction or contraction can't take another producer in.
      const producers = this.#before(index);
      const isMap = (at: number): boolean => {
        const producer = this.#groups[at];
        return producer?.open === true && producer.anchor.form === "map";
      };
      for (const producer of [...producers.filter(isMap), ...producers.filter((at) => !isMap(at))]) {
        if (producer === consumer || !this.#merge(producer, consumer)) continue;
        consumer = producer;
        isMoving = true;
      }
    }
    return isMoving;
  }

  /** Groups that don't depend on each other but run over the same points. */
  horizontal(): void {
    const bySize = new Map<string, number[]>();
    this.#groups.forEach((group, index) => {
      if (group === undefined || !group.open || group.anchor.form === "contract") return;
      const form = group.anchor.form;
      const inner = group.anchor.form === "reduce" ? group.anchor.inner.join() : "";
      const key = `${form} ${elementCount(group.shape)} ${inner}`;
      const same = bySize.get(key) ?? [];
      const partner = same
        .slice(-SIBLINGS)
        .find((other) => this.#related(other, index, elementCount(group.shape)) && this.#merge(other, index));
      if (partner === undefined) same.push(index);
      bySize.set(key, same);
    });
  }

  #related(a: number, b: number, size: number): boolean {
    if (size <= TINY) return true;
    const reads = this.#reads[a];
    return [...(this.#reads[b] ?? [])].some((buffer) => reads?.has(buffer) === true);
  }

  #merge(first: number, second: number): boolean {
    const [a, b] = [this.#groups[first], this.#groups[second]];
    if (a === undefined || b === undefined || !a.open || !b.open) return false;
    if (this.#depends(second, first, true) || this.#depends(first, second, false)) return false;
    const merged = this.#combine(a, b);
    if (merged === undefined) return false;
    const { reads, writes } = traffic(merged);
    if (this.#touched(reads, writes, [first, second]) > this.#limits.buffers) {
      this.#isFull = true;
      return false;
    }
    for (const index of [first, second])
      this.#reads[index]?.forEach((buffer) => this.#readersOf(buffer).delete(index));
    reads.forEach((buffer) => this.#readersOf(buffer).add(first));
    this.#groups[first] = merged;
    this.#groups[second] = undefined;
    this.#reads[first] = reads;
    this.#writes[first] = writes;
    this.#reads[second] = new Set();
    this.#writes[second] = new Set();
    writes.forEach((buffer) => this.#producer.set(buffer, first));
    return true;
  }

  /** How many buffers the kernel of some merged groups binds: what only they read stays inside it. */
  #touched(reads: ReadonlySet<BufferId>, writes: ReadonlySet<BufferId>, merging: readonly number[]): number {
    const stored = [...writes].filter((buffer) => this.isStored(buffer, merging));
    return new Set([...reads, ...stored].map((buffer) => this.#edge.homes.get(buffer) ?? buffer)).size;
  }

  isStored(buffer: BufferId, merging: readonly number[] = []): boolean {
    if (this.#edge.ends.has(buffer)) return true;
    return [...this.#readersOf(buffer)].some((reader) => !merging.includes(reader));
  }

  #combine(a: OpenGroup, b: OpenGroup): OpenGroup | undefined {
    if (b.anchor.form === "map") return absorb(a, b);
    return a.anchor.form === "map" ? undefined : joinReductions(a, b);
  }

  /** Does `from` need `on` (by a way around, if `indirect`)? */
  #depends(from: number, on: number, indirect: boolean): boolean {
    const seen = new Set<number>();
    const stack = this.#before(from).filter((index) => !indirect || index !== on);
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (next === on) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      stack.push(...this.#before(next));
    }
    return false;
  }

  #before(index: number): number[] {
    return [...(this.#reads[index] ?? [])].flatMap((buffer) => {
      const producer = this.#producer.get(buffer);
      return producer === undefined || producer === index ? [] : [producer];
    });
  }

  result(): Fused {
    const order: Group[] = [];
    const done = new Set<number>();
    const visit = (index: number): void => {
      if (done.has(index)) return;
      done.add(index);
      this.#before(index).forEach(visit);
      const group = this.#groups[index];
      if (group !== undefined) order.push(group);
    };
    this.#groups.forEach((_, index) => visit(index));
    return { groups: order, isStored: (buffer) => this.isStored(buffer) };
  }
}

/**
 * Merges groups into fewer kernels: elementwise chains, several results of one domain, epilogues of reductions and
 * contractions, and sibling reductions. A merge that would make a circle is not made.
 */
export function fuse(groups: readonly Group[], limits: FusionLimits, edge: Edge): Fused {
  const fusion = new Fusion(groups, limits, edge);
  fusion.vertical();
  fusion.horizontal();
  return fusion.result();
}
