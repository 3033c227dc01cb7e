import { type Kernel, type CompiledProgram, buffersOf, describeKernel } from "@adjoint/compiler/kernel";
import { AdjointError, at, dtypeInfo } from "@adjoint/ir/values";
import { type Arena, UNTOUCHED } from "../memory-layout.ts";
import { SEVERAL } from "./guards.ts";
import { type Allowed, nameOf } from "./regions.ts";

/** Bytes from the first to before the second. */
export type Range = readonly [number, number];

/** A range of memory, from one address to before another. */
function between(parts: readonly Range[], [from, to]: Range): readonly Range[] {
  const gaps: Range[] = [];
  let end = from;
  for (const [first, last] of parts.toSorted(([a], [b]) => a - b)) {
    if (first > end) gaps.push([end, first]);
    end = Math.max(end, last);
  }
  if (to > end) gaps.push([end, to]);
  return gaps;
}

/** A kernel as its guard knows it. */
interface Guarded {
  readonly kernel: Kernel;
  readonly allowed: readonly Allowed[];
}

/** The state of memory before a kernel: ranges that it must fill itself, and workspace that belongs to nobody. */
interface Fresh {
  readonly poisoned: readonly Range[];
  readonly gaps: readonly Range[];
}

/** The addresses of a program's parts, for the host. */
export interface Grounds {
  readonly program: CompiledProgram;
  readonly arena: Arena;
  readonly address: (buffer: number) => number;
  /** Between slots and constants. */
  readonly gaps: readonly Range[];
  /** The largest workspace, and how many threads share it. */
  readonly workspace: Range;
  readonly threads: number;
}

/** Watches a program's kernels from outside, and says what one did wrong. */
export class Monitor {
  readonly #grounds: Grounds;
  readonly #guarded: readonly Guarded[];
  readonly #fresh: readonly Fresh[];
  /** Kernels under way, loops around others first. */
  readonly #open: number[] = [];

  constructor(grounds: Grounds, guarded: readonly Guarded[]) {
    this.#grounds = grounds;
    this.#guarded = guarded;
    const writers = writersOf(grounds.program);
    this.#fresh = guarded.map((own) => this.#freshOf(own, writers));
  }

  /** The module's imports. */
  get imports(): { readonly [name: string]: (...values: number[]) => void } {
    return {
      refused: (kernel = 0, how = 0, address = 0, bytes = 0) =>
        this.#refused(kernel, how === 1, address, bytes),
      raced: (kernel = 0, how = 0, address = 0, bytes = 0) => this.#raced(kernel, how === 1, address, bytes),
      enter: (kernel = 0) => this.#enter(kernel),
      leave: (kernel = 0) => this.#leave(kernel),
      met: () => this.#met(),
    };
  }

  get #bytes(): Uint8Array {
    return new Uint8Array(this.#grounds.arena.memory.buffer);
  }

  #nameOf(kernel: number): string {
    const guarded = this.#guarded[kernel];
    const { program } = this.#grounds;
    if (guarded === undefined) return `kernel ${kernel}`;
    const results = [...buffersOf(guarded.kernel).writes].map((buffer) => nameOf(program, buffer));
    return `kernel ${kernel} (${describeKernel(guarded.kernel)}; writes ${results.join(", ") || "nothing"})`;
  }

  #freshOf({ kernel, allowed }: Guarded, writers: ReadonlyMap<number, number>): Fresh {
    const { program, address, workspace } = this.#grounds;
    const { reads, writes } = buffersOf(kernel);
    const slotOf = (buffer: number): number | undefined => {
      const location = program.buffers[buffer]?.location;
      return location?.kind === "slot" ? location.slot : undefined;
    };
    const isLeaf = kernel.form !== "scan" && kernel.form !== "if";
    const read = new Set([...reads].map(slotOf));
    const poisoned = [...writes].flatMap((buffer): Range[] => {
      const slot = slotOf(buffer);
      if (!isLeaf || slot === undefined || read.has(slot) || writers.get(buffer) !== 1) return [];
      const { dtype, elements } = at(program.buffers, buffer);
      const start = address(buffer);
      return [[start, start + elements * dtypeInfo[dtype].bytes]];
    });
    const [from, to] = workspace;
    const parts = allowed.filter(({ start }) => start >= from && start < to);
    if (!isLeaf || parts.length === 0) return { poisoned, gaps: [] };
    const own = parts.flatMap((part) =>
      this.#addressesOf(part).map((start): Range => [start, start + part.bytes]),
    );
    return { poisoned: [...poisoned, workspace], gaps: between(own, workspace) };
  }

  /** The address of a region, for each thread. */
  #addressesOf({ start, threadStep }: Allowed): readonly number[] {
    const threads = threadStep === 0 ? 1 : this.#grounds.threads;
    return Array.from({ length: threads }, (_, thread) => start + thread * threadStep);
  }

  /** Before a kernel: what it must write itself is filled with what no result may be. */
  #enter(kernel: number): void {
    this.#open.push(kernel);
    for (const [from, to] of at(this.#fresh, kernel).poisoned) this.#bytes.fill(UNTOUCHED, from, to);
  }

  /** After a kernel: what lies between regions is as it was. */
  #leave(kernel: number): void {
    this.#met();
    this.#open.pop();
    const gaps = [...this.#grounds.gaps, ...at(this.#fresh, kernel).gaps];
    const bytes = this.#bytes;
    for (const [from, to] of [...gaps, ...this.#grounds.arena.gaps]) {
      for (let address = from; address < to; address++) {
        if (bytes[address] === UNTOUCHED) continue;
        // Found once, and told once.
        bytes.fill(UNTOUCHED, from, to);
        throw this.#fault(
          kernel,
          `the byte at ${address}, which belongs to no region, has changed${this.#near(kernel, address)}`,
        );
      }
    }
  }

  /** All parts of a kernel are done: what the next one touches, none has touched yet. */
  #met(): void {
    const kernel = this.#open.at(-1);
    if (kernel === undefined) return;
    const bytes = this.#bytes;
    for (const { map, bytes: size } of at(this.#guarded, kernel).allowed)
      for (const start of map === undefined ? [] : [map.writers, map.readers])
        bytes.fill(0, start, start + size);
  }

  /** Before a run; the last one may have ended anywhere. */
  begin(): void {
    for (; this.#open.length > 0; this.#open.pop()) this.#met();
  }

  #fault(kernel: number, what: string): AdjointError {
    return new AdjointError(
      "backend",
      "wasm",
      `${this.#nameOf(kernel)}: ${what}`,
      "This is a fault of the backend, not of the graph; its results can't be trusted.",
    );
  }

  #refused(kernel: number, isWrite: boolean, address: number, bytes: number): void {
    throw this.#fault(
      kernel,
      `${isWrite ? "a store" : "a load"} of ${bytes} bytes at ${address} is in none of its regions${this.#near(kernel, address)}`,
    );
  }

  #raced(kernel: number, isWrite: boolean, address: number, bytes: number): void {
    const region = this.#guarded[kernel]?.allowed.find(
      ({ start, bytes: size }) => address >= start && address + bytes <= start + size,
    );
    const others = new Set<number>();
    for (const map of region?.map === undefined ? [] : [region.map.writers, region.map.readers])
      for (let byte = 0; byte < bytes; byte++)
        others.add(this.#bytes[map + address - (region?.start ?? 0) + byte] ?? 0);
    const parts = [...others].filter((other) => other > 0);
    const names = parts.map((other) => (other === SEVERAL ? "several" : String(other - 1)));
    throw this.#fault(
      kernel,
      `a part that another thread may compute at the same time has ${isWrite ? "touched" : "written"} what ${isWrite ? "a store" : "a load"} of ${bytes} bytes at ${address} takes in ${region?.name ?? "its region"} (parts ${names.join(", ")})`,
    );
  }

  /** The nearest region, for the error. */
  #near(kernel: number, address: number): string {
    const allowed = this.#guarded[kernel]?.allowed ?? [];
    const distances = allowed.flatMap((region) => {
      const { name, bytes, threadStep, isWritten } = region;
      return this.#addressesOf(region).map((first, thread) => {
        const last = first + bytes;
        const whose = threadStep === 0 ? "" : ` of thread ${thread}`;
        const label = `${name}${whose}${isWritten ? "" : ", which it only reads"}`;
        if (address < first)
          return { far: first - address, text: `${first - address} bytes before ${label}` };
        if (address >= last) return { far: address - last, text: `${address - last} bytes behind ${label}` };
        return { far: -1, text: `${address - first} bytes from the start of the ${bytes} of ${label}` };
      });
    });
    const nearest = distances.toSorted((a, b) => a.far - b.far)[0];
    const owner = this.#grounds.arena.ownerOf(address);
    const where = owner === undefined ? "" : `, in the memory of ${owner}`;
    return nearest === undefined ? where : `: ${nearest.text}${where}`;
  }
}

/** The number of kernels that write each buffer, copies of loops among them. */
function writersOf({ kernels }: CompiledProgram): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const count = (buffer: number): void => void counts.set(buffer, (counts.get(buffer) ?? 0) + 1);
  const walk = (kernel: Kernel): void => {
    if (kernel.form === "scan") {
      for (const { to } of [...kernel.slices, ...kernel.outputs, ...kernel.feedback]) count(to);
      kernel.body.forEach(walk);
    } else if (kernel.form === "if") kernel.branches.flat().forEach(walk);
    else buffersOf(kernel).writes.forEach(count);
  };
  kernels.forEach(walk);
  return counts;
}
