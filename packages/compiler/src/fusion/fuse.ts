import { at, elementCount } from "@adjoint/ir/values";
import {
  type Group,
  type Growing,
  type OpenGroup,
  absorbing,
  growing,
  joining,
  scalarNodes,
  traffic,
} from "./group.ts";
import { MergeOrder } from "./merge-order.ts";
import type { FusionLimits } from "../kernel/backend.ts";
import type { BufferId } from "../kernel/scalar.ts";

/** Facts about buffers that are known before groups merge. */
export interface Edge {
  /** Results that someone outside reads. */
  readonly ends: ReadonlySet<BufferId>;
  /** Registers by the buffer of their next value, if it is expected in the register's own memory. */
  readonly homes: ReadonlyMap<BufferId, BufferId>;
}

export interface Fused {
  /** In an order that runs. */
  readonly groups: readonly Group[];
  /** True if anything but the group that computes it reads a buffer. */
  readonly isStored: (buffer: BufferId) => boolean;
}

/** Results this small are joined although they share no input: their kernels cost more to start than to run. */
const TINY = 64;
/**
 * Scalar values up to which kernels grow together. Engines compile functions of some thousands of instructions badly or
 * not at all (V8 optimizes none of more than 60 kB of bytecode), and nothing is gained by then.
 */
export const LARGEST_EXPRESSION = 1024;
/** Neighbours of one size that are tried as siblings. */
const SIBLINGS = 8;

/** The graph of groups while they merge. */
class Fusion {
  readonly #groups: (Group | undefined)[];
  readonly #reads: Set<BufferId>[];
  readonly #writes: Set<BufferId>[];
  readonly #producer = new Map<BufferId, number>();
  readonly #readers = new Map<BufferId, Set<number>>();
  readonly #limits: FusionLimits;
  readonly #edge: Edge;
  readonly #order: MergeOrder;
  /** The groups that have grown, with what they grow in. */
  readonly #growing = new Map<number, Growing>();
  /** A merge was refused since it would touch too many buffers. */
  #isFull = false;

  constructor(groups: readonly Group[], limits: FusionLimits, edge: Edge) {
    this.#limits = limits;
    this.#edge = edge;
    this.#groups = groups.slice();
    const all = groups.map(traffic);
    this.#reads = all.map(({ reads }) => reads);
    this.#writes = all.map(({ writes }) => writes);
    this.#writes.forEach((writes, index) => writes.forEach((buffer) => this.#producer.set(buffer, index)));
    this.#reads.forEach((reads, index) => reads.forEach((buffer) => this.#readersOf(buffer).add(index)));
    this.#order = new MergeOrder(this.#inOrder(), {
      before: (index) => this.#before(index),
      after: (index) => this.#after(index),
    });
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
      const isMap = (candidate: number): boolean => {
        const producer = this.#groups[candidate];
        return producer?.open === true && producer.anchor.form === "map";
      };
      for (const producer of [
        ...producers.filter(isMap),
        ...producers.filter((candidate) => !isMap(candidate)),
      ]) {
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
    const reads = at(this.#reads, a);
    for (const buffer of at(this.#reads, b)) if (reads.has(buffer)) return true;
    return false;
  }

  #merge(first: number, second: number): boolean {
    const [a, b] = [this.#groups[first], this.#groups[second]];
    const [reads, writes] = [at(this.#reads, first), at(this.#writes, first)];
    const [moreReads, moreWrites] = [at(this.#reads, second), at(this.#writes, second)];
    if (a === undefined || b === undefined || !a.open || !b.open) return false;
    if (scalarNodes(a) + scalarNodes(b) > LARGEST_EXPRESSION) return false;
    const combine = this.#combining(a, b);
    if (combine === undefined) return false;
    const merge = this.#order.merging(first, second);
    if (merge === undefined) return false;
    if (this.#limits.buffers < Infinity && this.#touched(first, second) > this.#limits.buffers) {
      this.#isFull = true;
      return false;
    }
    merge();
    // A group is copied once, when it first grows: those that were given may be fused again, in another way.
    const room = this.#growing.get(first) ?? growing(a);
    this.#growing.set(first, room);
    this.#growing.delete(second);
    this.#groups[first] = combine(room);
    this.#groups[second] = undefined;
    for (const buffer of moreReads) {
      this.#readersOf(buffer).delete(second);
      if (writes.has(buffer)) continue;
      reads.add(buffer);
      this.#readersOf(buffer).add(first);
    }
    for (const buffer of moreWrites) {
      writes.add(buffer);
      this.#producer.set(buffer, first);
    }
    moreReads.clear();
    moreWrites.clear();
    return true;
  }

  /** The number of buffers that the kernel of two merged groups binds: what only they read stays inside it. */
  #touched(first: number, second: number): number {
    const touched = new Set<BufferId>();
    const bind = (buffer: BufferId): unknown => touched.add(this.#edge.homes.get(buffer) ?? buffer);
    const results = at(this.#writes, first);
    at(this.#reads, first).forEach(bind);
    at(this.#reads, second).forEach((buffer) => results.has(buffer) || bind(buffer));
    for (const index of [first, second])
      for (const buffer of at(this.#writes, index)) if (this.isStored(buffer, first, second)) bind(buffer);
    return touched.size;
  }

  /** True if any group but these two reads a buffer, or someone outside. */
  isStored(buffer: BufferId, first?: number, second?: number): boolean {
    if (this.#edge.ends.has(buffer)) return true;
    for (const reader of this.#readersOf(buffer)) if (reader !== first && reader !== second) return true;
    return false;
  }

  #combining(a: OpenGroup, b: OpenGroup): ((room: Growing) => OpenGroup) | undefined {
    if (b.anchor.form === "map") return absorbing(a, b);
    return a.anchor.form === "map" ? undefined : joining(a, b);
  }

  #before(index: number): number[] {
    const producers: number[] = [];
    for (const buffer of at(this.#reads, index)) {
      const producer = this.#producer.get(buffer);
      if (producer !== undefined && producer !== index) producers.push(producer);
    }
    return producers;
  }

  #after(index: number): number[] {
    const readers: number[] = [];
    for (const buffer of at(this.#writes, index))
      for (const reader of this.#readers.get(buffer) ?? []) if (reader !== index) readers.push(reader);
    return readers;
  }

  /** Every group after those it reads from: depth first, in the given order. */
  #inOrder(): readonly number[] {
    const order: number[] = [];
    const seen = new Uint8Array(this.#groups.length);
    const stack: { readonly index: number; readonly before: readonly number[]; next: number }[] = [];
    const visit = (index: number): void => {
      if (seen[index] === 1) return;
      seen[index] = 1;
      stack.push({ index, before: this.#before(index), next: 0 });
    };
    for (let root = 0; root < this.#groups.length; root++) {
      visit(root);
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
        const before = top.before[top.next++];
        if (before !== undefined) visit(before);
        else {
          order.push(top.index);
          stack.pop();
        }
      }
    }
    return order;
  }

  result(): Fused {
    const groups = this.#inOrder().flatMap((index) => this.#groups[index] ?? []);
    return { groups, isStored: (buffer) => this.isStored(buffer) };
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
