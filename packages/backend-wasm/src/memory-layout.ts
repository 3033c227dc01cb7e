import type { Program } from "@adjoint/compiler";
import { AdjointError, dtypeInfo } from "@adjoint/ir/values";
import { FAULT_BYTES } from "./fault.ts";
import { CONTROL_END } from "./threads/control.ts";

/** Bytes by which memories grow. */
export const PAGE = 65536;
/** Addresses and sizes are multiples of a cache line. */
const LINE = 64;
/** Kernels may read this far behind a buffer. */
export const SLACK = 64;

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

  constructor(shared: boolean) {
    if (shared) {
      const { memory, maximum } = sharedMemory();
      this.memory = memory;
      this.type = { initial: 1, maximum, shared };
    } else {
      this.memory = new WebAssembly.Memory({ initial: 1 });
      this.type = { initial: 1 };
    }
  }

  /**
   * First fit. @throws AdjointError where the memory can't grow.
   * @param refuse makes it from what is wrong, for who knows what the memory is for.
   */
  allocate(size: number, refuse: Refuse = refused): number {
    const bytes = Math.max(LINE, aligned(size));
    const index = this.#free.findIndex((block) => block.bytes >= bytes);
    const block = this.#free[index];
    if (block === undefined) {
      this.#grow(bytes, refuse);
      return this.allocate(bytes, refuse);
    }
    const { start } = block;
    block.start += bytes;
    block.bytes -= bytes;
    if (block.bytes === 0) this.#free.splice(index, 1);
    return start;
  }

  release(start: number, size: number): void {
    const bytes = Math.max(LINE, aligned(size));
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
    this.release(before - SLACK, pages * PAGE);
  }
}

/** Where a program's buffers lie from the start of its part of the memory; registers are the device's. */
export interface Layout {
  /** Byte offset of each buffer; undefined for registers, and for what nothing touches. */
  readonly offsets: readonly (number | undefined)[];
  readonly bytes: number;
}

export function layoutOf(program: Program): Layout {
  let bytes = FAULT_BYTES;
  const take = (size: number): number => {
    const at = bytes;
    bytes += aligned(size);
    return at;
  };
  const slots = program.slots.map(take);
  const offsets = program.buffers.map(({ dtype, elements, location, owner }) => {
    if (location.kind === "slot") return slots[location.slot];
    if (location.kind === "register" || owner.kind !== "constant") return undefined;
    return take(elements * dtypeInfo[dtype].bytes);
  });
  return { offsets, bytes };
}
