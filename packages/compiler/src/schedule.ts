import { dtypeInfo } from "@adjoint/ir";
import type { BufferTable } from "./buffers.ts";
import { type Affine, equalAffine } from "./affine.ts";
import type { Kernel, Store } from "./kernel.ts";
import { type KernelBuffers, buffersOf, canFail } from "./kernel-buffers.ts";
import type { BufferId, ScalarGraph } from "./scalar.ts";

/** A register's next value: computed into `next`, to be in `register` when the run ends. */
export interface PendingUpdate {
  readonly register: BufferId;
  readonly next: BufferId;
}

export interface Schedule {
  readonly kernels: readonly Kernel[];
  /** Buffers that live in a register's memory: the kernel that computes the next value writes in place. */
  readonly inPlace: ReadonlyMap<BufferId, BufferId>;
}

/** Every load of a buffer is of just the element that the store writes. */
function readsOnlyOwnElement(graph: ScalarGraph, buffer: BufferId, store: Affine): boolean {
  return graph.every(
    (node) =>
      node.kind !== "load" ||
      node.buffer !== buffer ||
      (node.dynamic.length === 0 && node.index.guards.length === 0 && equalAffine(node.index, store)),
  );
}

/** The store of a buffer by a kernel with a single expression, where that kernel may write over `over`. */
export function overwrites(kernel: Kernel, buffer: BufferId, over: BufferId): Store | undefined {
  if (kernel.form !== "map" && kernel.form !== "reduce" && kernel.form !== "contract") return undefined;
  const store = kernel.stores.find((candidate) => candidate.buffer === buffer);
  if (store === undefined) return undefined;
  const expression = kernel.form === "map" ? kernel.body : kernel.epilogue;
  if (!readsOnlyOwnElement(expression, over, store.index)) return undefined;
  if (kernel.form === "reduce" && kernel.body.some((node) => node.kind === "load" && node.buffer === over))
    return undefined;
  if (kernel.form === "contract" && (kernel.left.buffer === over || kernel.right.buffer === over))
    return undefined;
  return store;
}

/** Kernels and what must run before what. */
class Order {
  readonly kernels: readonly Kernel[];
  readonly traffic: readonly KernelBuffers[];
  readonly before: readonly Set<number>[];

  constructor(kernels: readonly Kernel[]) {
    this.kernels = kernels;
    this.traffic = kernels.map(buffersOf);
    this.before = kernels.map(() => new Set<number>());
    const writers = new Map<BufferId, number[]>();
    this.traffic.forEach(({ writes }, index) =>
      writes.forEach((buffer) => writers.set(buffer, [...(writers.get(buffer) ?? []), index])),
    );
    this.traffic.forEach(({ reads, writes }, index) => {
      const own = this.before[index];
      for (const buffer of reads)
        for (const writer of writers.get(buffer) ?? [])
          if (writer !== index && !writes.has(buffer)) own?.add(writer);
      // Parts of one buffer are written in the order in which they were lowered.
      for (const buffer of writes)
        for (const writer of writers.get(buffer) ?? []) if (writer < index) own?.add(writer);
    });
  }

  writersOf(buffer: BufferId): readonly number[] {
    return this.#having((traffic) => traffic.writes.has(buffer));
  }

  readersOf(buffer: BufferId): readonly number[] {
    return this.#having((traffic) => traffic.reads.has(buffer));
  }

  #having(test: (traffic: KernelBuffers) => boolean): readonly number[] {
    return this.traffic.flatMap((traffic, index) => (test(traffic) ? [index] : []));
  }

  needs(later: number, earlier: number): boolean {
    const seen = new Set<number>();
    const stack = [later];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (next === earlier) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      stack.push(...(this.before[next] ?? []));
    }
    return false;
  }
}

/**
 * Orders kernels so that what they need comes first and as little as possible is alive at once, and lets a kernel write
 * a register's next value in place where every read of the old value comes before.
 */
export function schedule(
  kernels: readonly Kernel[],
  updates: readonly PendingUpdate[],
  copy: (update: PendingUpdate) => Kernel,
  buffers: BufferTable,
): Schedule {
  const inPlace = new Map<BufferId, BufferId>();
  const order = new Order(kernels);
  const copies: PendingUpdate[] = [];
  const commits = new Set<number>();
  const failing = kernels.flatMap((kernel, index) => (canFail(kernel) ? [index] : []));
  for (const update of updates) {
    const writers = order.writersOf(update.next);
    const [writer] = writers;
    const kernel = writer === undefined ? undefined : kernels[writer];
    const readers = order.readersOf(update.register).filter((reader) => reader !== writer);
    const possible =
      kernel !== undefined &&
      writer !== undefined &&
      writers.length === 1 &&
      overwrites(kernel, update.next, update.register) !== undefined &&
      // Neither fails itself nor is needed by a kernel that may, so that a failed run loses nothing.
      ![...readers, ...failing].some((other) => order.needs(other, writer));
    if (!possible || writer === undefined) {
      copies.push(update);
      continue;
    }
    readers.forEach((reader) => order.before[writer]?.add(reader));
    inPlace.set(update.next, update.register);
    commits.add(writer);
  }
  // What data can make fail runs before any register changes.
  for (const commit of commits) for (const index of failing) order.before[commit]?.add(index);
  const sorted = listSchedule(order, buffers).map((index) => kernels[index]);
  return { kernels: [...sorted.filter((kernel) => kernel !== undefined), ...copies.map(copy)], inPlace };
}

/** Of all kernels that can run, the one that frees most memory (net of what it takes) runs next; ties by place. */
function listSchedule({ kernels, traffic, before }: Order, buffers: BufferTable): readonly number[] {
  const bytes = (buffer: BufferId): number => {
    const { dtype, elements, owner } = buffers.get(buffer);
    return owner.kind === "register" || owner.kind === "constant" ? 0 : elements * dtypeInfo[dtype].bytes;
  };
  const waiting = before.map((set) => set.size);
  const after = kernels.map((): number[] => []);
  before.forEach((set, index) => set.forEach((earlier) => after[earlier]?.push(index)));
  const readersLeft = new Map<BufferId, number>();
  traffic.forEach(({ reads }) =>
    reads.forEach((buffer) => readersLeft.set(buffer, (readersLeft.get(buffer) ?? 0) + 1)),
  );
  const written = new Set<BufferId>();
  const cost = (index: number): number => {
    const kernel = traffic[index];
    if (kernel === undefined) return 0;
    let sum = 0;
    for (const buffer of kernel.writes) if (!written.has(buffer)) sum += bytes(buffer);
    for (const buffer of kernel.reads) if (readersLeft.get(buffer) === 1) sum -= bytes(buffer);
    return sum;
  };
  const ready = new Set(waiting.flatMap((count, index) => (count === 0 ? [index] : [])));
  const result: number[] = [];
  while (ready.size > 0) {
    let best = -1;
    let bestCost = Infinity;
    for (const index of ready) {
      const own = cost(index);
      if (own < bestCost || (own === bestCost && index < best)) [best, bestCost] = [index, own];
    }
    ready.delete(best);
    result.push(best);
    const kernel = traffic[best];
    kernel?.writes.forEach((buffer) => written.add(buffer));
    kernel?.reads.forEach((buffer) => readersLeft.set(buffer, (readersLeft.get(buffer) ?? 1) - 1));
    for (const next of after[best] ?? []) {
      waiting[next] = (waiting[next] ?? 1) - 1;
      if (waiting[next] === 0) ready.add(next);
    }
  }
  return result;
}
