import { at, dtypeInfo } from "@adjoint/ir/values";
import type { BufferTable } from "../kernel/buffers.ts";
import { type Affine, equalAffine } from "../kernel/affine.ts";
import type { Kernel, Store } from "../kernel/kernel.ts";
import { type KernelBuffers, buffersOf, canFail } from "../kernel/kernel-buffers.ts";
import { Ready } from "./ready.ts";
import type { BufferId } from "../kernel/scalar.ts";

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

/** The facts that decide if a kernel may write a result over a buffer that it reads. */
interface Overwriting {
  readonly stores: ReadonlyMap<BufferId, Store>;
  /** The index at which the expression of the results reads each buffer; undefined for several, or for one that data decides. */
  readonly reads: ReadonlyMap<BufferId, Affine | undefined>;
  /** Buffers that the kernel reads in another order than that of its results. */
  readonly before: ReadonlySet<BufferId>;
}

/** Kernels do not change, and each is asked about many pairs of buffers. */
const known = new WeakMap<Kernel, Overwriting>();

function overwritingOf(kernel: Kernel): Overwriting | undefined {
  if (kernel.form !== "map" && kernel.form !== "reduce" && kernel.form !== "contract") return undefined;
  const found = known.get(kernel);
  if (found !== undefined) return found;
  const reads = new Map<BufferId, Affine | undefined>();
  for (const node of kernel.form === "map" ? kernel.body : kernel.epilogue) {
    if (node.kind !== "load") continue;
    const isFixed = node.dynamic.length === 0 && node.index.guards.length === 0;
    const first = reads.get(node.buffer);
    const isSame = isFixed && (!reads.has(node.buffer) || (first && equalAffine(first, node.index)));
    reads.set(node.buffer, isSame === true ? node.index : undefined);
  }
  const overwriting = {
    stores: new Map(kernel.stores.map((store) => [store.buffer, store])),
    reads,
    before: new Set(
      kernel.form === "map"
        ? []
        : kernel.form === "contract"
          ? [kernel.left.buffer, kernel.right.buffer]
          : kernel.body.flatMap((node) => (node.kind === "load" ? [node.buffer] : [])),
    ),
  };
  known.set(kernel, overwriting);
  return overwriting;
}

/** The store of a buffer by a kernel with a single expression, if that kernel may write over `over`. */
export function overwrites(kernel: Kernel, buffer: BufferId, over: BufferId): Store | undefined {
  const overwriting = overwritingOf(kernel);
  const store = overwriting?.stores.get(buffer);
  if (overwriting === undefined || store === undefined || overwriting.before.has(over)) return undefined;
  if (!overwriting.reads.has(over)) return store;
  // Every load is of just the element that the store writes.
  const read = overwriting.reads.get(over);
  return read !== undefined && equalAffine(read, store.index) ? store : undefined;
}

/** Kernels and what must run before what. */
class Order {
  readonly traffic: readonly KernelBuffers[];
  readonly before: readonly Set<number>[];
  readonly after: readonly Set<number>[];
  readonly writers: ReadonlyMap<BufferId, readonly number[]>;
  readonly readers: ReadonlyMap<BufferId, readonly number[]>;
  /** The kernels that need a kernel, as long as no order was added since. */
  readonly #dependents = new Map<number, ReadonlySet<number>>();

  constructor(kernels: readonly Kernel[]) {
    this.traffic = kernels.map(buffersOf);
    this.before = kernels.map(() => new Set<number>());
    this.after = kernels.map(() => new Set<number>());
    const [readers, writers] = [new Map<BufferId, number[]>(), new Map<BufferId, number[]>()];
    const note = (map: Map<BufferId, number[]>, buffer: BufferId, index: number): void => {
      const list = map.get(buffer);
      if (list === undefined) map.set(buffer, [index]);
      else list.push(index);
    };
    this.traffic.forEach(({ reads, writes }, index) => {
      for (const buffer of reads) note(readers, buffer, index);
      for (const buffer of writes) note(writers, buffer, index);
    });
    this.readers = readers;
    this.writers = writers;
    this.traffic.forEach(({ reads, writes }, index) => {
      for (const buffer of reads) {
        // The last writer comes after all others.
        const writer = writers.get(buffer)?.at(-1);
        if (writer !== undefined && !writes.has(buffer)) this.add(writer, index);
      }
    });
    // Parts of one buffer are written in the order in which they were lowered.
    for (const list of writers.values())
      list.forEach((writer, index) => {
        const earlier = list[index - 1];
        if (earlier !== undefined) this.add(earlier, writer);
      });
  }

  /** One kernel runs before another. */
  add(earlier: number, later: number): void {
    const before = at(this.before, later);
    if (before.has(earlier)) return;
    before.add(earlier);
    at(this.after, earlier).add(later);
    this.#dependents.clear();
  }

  /** The kernel itself and all that must run after it. */
  dependents(kernel: number): ReadonlySet<number> {
    const found = this.#dependents.get(kernel);
    if (found !== undefined) return found;
    const seen = new Set([kernel]);
    // A set is walked in the order in which it grows.
    for (const next of seen) for (const later of at(this.after, next)) seen.add(later);
    this.#dependents.set(kernel, seen);
    return seen;
  }
}

/**
 * Orders kernels so that what they need comes first and as little as possible is alive at once, and lets a kernel write
 * a register's next value in place if every read of the old value comes before.
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
    const writers = order.writers.get(update.next) ?? [];
    const [writer] = writers;
    const kernel = writer === undefined ? undefined : kernels[writer];
    const readers = (order.readers.get(update.register) ?? []).filter((reader) => reader !== writer);
    if (
      kernel === undefined ||
      writer === undefined ||
      writers.length > 1 ||
      overwrites(kernel, update.next, update.register) === undefined ||
      // Neither fails itself nor is needed by a kernel that may, so that a failed run loses nothing.
      [readers, failing].some((others) => isNeeded(order, writer, others))
    ) {
      copies.push(update);
      continue;
    }
    for (const reader of readers) order.add(reader, writer);
    inPlace.set(update.next, update.register);
    commits.add(writer);
  }
  // What data can make fail runs before any register changes.
  for (const commit of commits) for (const index of failing) order.add(index, commit);
  const sorted = listSchedule(order, buffers).map((index) => kernels[index]);
  return { kernels: [...sorted.filter((kernel) => kernel !== undefined), ...copies.map(copy)], inPlace };
}

/** True if one of the others needs the writer. */
function isNeeded(order: Order, writer: number, others: readonly number[]): boolean {
  if (others.length === 0) return false;
  const dependents = order.dependents(writer);
  return others.some((other) => dependents.has(other));
}

/** Of all kernels that can run, the one that frees most memory (net of what it takes) runs next; ties by position. */
function listSchedule(order: Order, buffers: BufferTable): readonly number[] {
  const { traffic, before, after, readers, writers } = order;
  const bytes = (buffer: BufferId): number => {
    const { dtype, elements, owner } = buffers.get(buffer);
    return owner.kind === "register" || owner.kind === "constant" ? 0 : elements * dtypeInfo[dtype].bytes;
  };
  const waiting = before.map((set) => set.size);
  const readersLeft = new Map([...readers].map(([buffer, list]) => [buffer, list.length]));
  const written = new Set<BufferId>();
  const cost = (index: number): number => {
    const kernel = at(traffic, index);
    let sum = 0;
    for (const buffer of kernel.writes) if (!written.has(buffer)) sum += bytes(buffer);
    for (const buffer of kernel.reads) if (readersLeft.get(buffer) === 1) sum -= bytes(buffer);
    return sum;
  };
  const ready = new Ready();
  const done = new Set<number>();
  const update = (index: number): void => {
    if (waiting[index] === 0 && !done.has(index)) ready.add(index, cost(index));
  };
  before.forEach((_, index) => update(index));
  for (let best = ready.take(); best !== undefined; best = ready.take()) {
    done.add(best);
    const kernel = at(traffic, best);
    // Costs only fall: if a buffer is there now, or if one reader is left that frees it.
    const cheaper = new Set<number>();
    for (const buffer of kernel.writes) {
      if (written.has(buffer)) continue;
      written.add(buffer);
      for (const writer of writers.get(buffer) ?? []) cheaper.add(writer);
    }
    for (const buffer of kernel.reads) {
      const left = (readersLeft.get(buffer) ?? 1) - 1;
      readersLeft.set(buffer, left);
      if (left === 1) for (const reader of readers.get(buffer) ?? []) cheaper.add(reader);
    }
    for (const next of at(after, best)) {
      waiting[next] = at(waiting, next) - 1;
      if (waiting[next] === 0) cheaper.add(next);
    }
    for (const index of cheaper) update(index);
  }
  return [...done];
}
