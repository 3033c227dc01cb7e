import type { Program } from "@adjoint/compiler";
import { AdjointError, dtypeInfo } from "@adjoint/ir";

const PAGE = 65536;
/** Addresses and sizes are multiples of a cache line. */
const LINE = 64;
/** Kernels may read this far behind a buffer. */
const SLACK = 64;

export const aligned = (bytes: number): number => Math.ceil(bytes / LINE) * LINE;

interface Block {
  start: number;
  bytes: number;
}

/** One WebAssembly memory and what of it is free. It grows, and never moves what lies in it. */
export class Arena {
  readonly memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: 1 });
  /** In order of their addresses; neighbours are joined. Address 0 belongs to nobody. */
  readonly #free: Block[] = [{ start: LINE, bytes: PAGE - LINE - SLACK }];

  /** First fit. @throws AdjointError where the memory can't grow. */
  allocate(size: number): number {
    const bytes = Math.max(LINE, aligned(size));
    const index = this.#free.findIndex((block) => block.bytes >= bytes);
    const block = this.#free[index];
    if (block === undefined) {
      this.#grow(bytes);
      return this.allocate(bytes);
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

  #grow(bytes: number): void {
    const before = this.memory.buffer.byteLength;
    const pages = Math.ceil(bytes / PAGE);
    try {
      this.memory.grow(pages);
    } catch {
      throw new AdjointError(
        "backend",
        "wasm",
        `no memory for ${bytes} bytes more than the ${before} in use`,
        "Use smaller batches, or release sessions that are not needed.",
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

/** Bytes before the first buffer: what a kernel writes when an index is out of range. */
export const FAULT_BYTES = 64;

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
