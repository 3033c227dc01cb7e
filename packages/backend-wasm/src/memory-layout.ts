import type { CompiledProgram } from "@adjoint/compiler/kernel";
import { AdjointError, dtypeInfo } from "@adjoint/ir/values";
import { FAULT_BYTES } from "./fault.ts";
import { CONTROL_END } from "./threads/control.ts";

/** Bytes by which memories grow. */
export const PAGE = 65536;
/** Addresses and sizes are multiples of a cache line. */
const LINE = 64;
/** Bytes between parts of memory where accesses are checked. */
export const GAP: number = LINE;
/** Kernels may read this far behind a buffer. */
export const SLACK = 64;

/** Fills memory that nobody owns or has written: NaN in floats, −1 in integers. */
export const UNTOUCHED = 0xff;

export const aligned = (bytes: number): number => Math.ceil(bytes / LINE) * LINE;

interface Block {
  start: number;
  bytes: number;
}

/** Pages that 32-bit addresses reach. */
export const ALL_PAGES = 65536;
/** Pages that a memory may grow to: all, or less where an engine refuses to reserve that. */
const MOST_PAGES = [ALL_PAGES, 32768, 16384, 4096];

/** Memory that workers see too says from the start how far it may grow. */
function sharedMemory(): { readonly memory: WebAssembly.Memory; readonly maximum: number } {
  for (const maximum of MOST_PAGES) {
    try {
      return { memory: new WebAssembly.Memory({ initial: 1, maximum, shared: true }), maximum };
    } catch {
      // The next one is smaller.
    }
  }
  throw new AdjointError("backend", "wasm", "no memory to share", "Use one thread: wasm({ threads: 1 }).");
}

type Refuse = (problem: string) => AdjointError;

const refused: Refuse = (problem) =>
  new AdjointError(
    "backend",
    "wasm",
    problem,
    "Use smaller sizes or batches, or release sessions that are not needed.",
  );

/** One WebAssembly memory and what of it is free. It grows, and never moves what lies in it. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  /** As what modules import it. */
  readonly type: { readonly initial: 1; readonly maximum?: number; readonly shared?: boolean };
  /** In order of their addresses; neighbours are joined. What lies before belongs to the threads. */
  readonly #free: Block[] = [{ start: CONTROL_END, bytes: PAGE - CONTROL_END - SLACK }];
  /** Bytes behind each block that belong to nobody. */
  readonly #gap: number;
  readonly #owners = new Map<number, { readonly owner: string; readonly gap: readonly [number, number] }>();

  /** @param gap bytes behind each block, a multiple of a line, that are filled and then left alone; 0 for none. */
  constructor(shared: boolean, gap = 0) {
    this.#gap = gap;
    if (shared) {
      const { memory, maximum } = sharedMemory();
      this.memory = memory;
      this.type = { initial: 1, maximum, shared };
    } else {
      this.memory = new WebAssembly.Memory({ initial: 1 });
      this.type = { initial: 1 };
    }
  }

  /** The free blocks between those in use. */
  get gaps(): readonly (readonly [number, number])[] {
    return [...this.#owners.values()].map(({ gap }) => gap);
  }

  /** Whose block an address is in, where blocks have gaps. */
  ownerOf(address: number): string | undefined {
    for (const [start, { owner, gap }] of this.#owners)
      if (address >= start && address < gap[1]) return owner;
    return undefined;
  }

  /**
   * First fit. @throws AdjointError where the memory can't grow.
   * @param owner what the memory is for, in errors of checked memory.
   * @param refuse makes an error from what is wrong, for who knows what the memory is for.
   */
  allocate(size: number, owner: string, refuse: Refuse = refused): number {
    const bytes = this.#bytesFor(size);
    const start = this.#take(bytes, refuse);
    if (this.#gap > 0) {
      const gap = [start + size, start + bytes] as const;
      new Uint8Array(this.memory.buffer).fill(UNTOUCHED, ...gap);
      this.#owners.set(start, { owner, gap });
    }
    return start;
  }

  #bytesFor(size: number): number {
    return Math.max(LINE, aligned(size)) + this.#gap;
  }

  #take(bytes: number, refuse: Refuse): number {
    const index = this.#free.findIndex((block) => block.bytes >= bytes);
    const block = this.#free[index];
    if (block === undefined) {
      this.#grow(bytes, refuse);
      return this.#take(bytes, refuse);
    }
    const { start } = block;
    block.start += bytes;
    block.bytes -= bytes;
    if (block.bytes === 0) this.#free.splice(index, 1);
    return start;
  }

  release(start: number, size: number): void {
    this.#owners.delete(start);
    this.#giveBack(start, this.#bytesFor(size));
  }

  #giveBack(start: number, bytes: number): void {
    const found = this.#free.findIndex((block) => block.start > start);
    const index = found === -1 ? this.#free.length : found;
    this.#free.splice(index, 0, { start, bytes });
    this.#join(index);
    this.#join(index - 1);
  }

  /** Joins a block with the next one where they touch. */
  #join(index: number): void {
    const [block, next] = [this.#free[index], this.#free[index + 1]];
    if (block === undefined || next === undefined || block.start + block.bytes !== next.start) return;
    block.bytes += next.bytes;
    this.#free.splice(index + 1, 1);
  }

  #grow(bytes: number, refuse: Refuse): void {
    const before = this.memory.buffer.byteLength;
    const pages = Math.ceil(bytes / PAGE);
    try {
      this.memory.grow(pages);
    } catch {
      throw refuse(
        `there is no memory for ${bytes} bytes more than the ${before} in use (WebAssembly reaches ${ALL_PAGES * PAGE})`,
      );
    }
    this.#giveBack(before - SLACK, pages * PAGE);
  }
}

/** Offsets of a program's buffers in its part of the memory; the device holds the registers. */
export interface Layout {
  /** Byte offset of each buffer; undefined for registers, and for what nothing touches. */
  readonly offsets: readonly (number | undefined)[];
  readonly bytes: number;
  /** The gaps between slots and constants. */
  readonly gaps: readonly (readonly [number, number])[];
}

/** @param gap bytes, a multiple of a line, that lie between them at least. */
export function layoutOf(program: CompiledProgram, gap = 0): Layout {
  let bytes = FAULT_BYTES;
  const gaps: [number, number][] = [];
  const take = (size: number): number => {
    const at = bytes;
    bytes += aligned(size) + gap;
    gaps.push([at + size, bytes]);
    return at;
  };
  const slots = program.slots.map(take);
  const offsets = program.buffers.map(({ dtype, elements, location, owner }) => {
    if (location.kind === "slot") return slots[location.slot];
    if (location.kind === "register" || owner.kind !== "constant") return undefined;
    return take(elements * dtypeInfo[dtype].bytes);
  });
  return { offsets, bytes, gaps };
}
