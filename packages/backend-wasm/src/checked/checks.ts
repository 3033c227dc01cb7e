import type { Kernel, CompiledProgram } from "@adjoint/compiler/kernel";
import { dtypeInfo } from "@adjoint/ir/values";
import type { ModuleBuilder } from "../emit/index.ts";
import { FAULT_BYTES } from "../fault.ts";
import { type Arena, GAP, UNTOUCHED, aligned } from "../memory-layout.ts";
import type { Workspace } from "../workspace.ts";
import { type Grounds, Monitor, type Range } from "./monitor.ts";
import { Guards } from "./guards.ts";
import { type Allowed, allowedOf } from "./regions.ts";

/** The part of a program's extent that checks need to know. */
interface Extent {
  readonly layout: { readonly bytes: number; readonly gaps: readonly Range[] };
  readonly bytes: number;
}

/** The addresses that code uses. */
interface Addresses {
  readonly buffer: (buffer: number) => number;
  readonly fault: number;
  readonly workspace: number;
}

/**
 * The maps that checks add to a program's memory: behind its buffers and workspace, two bytes for each of theirs and of the
 * registers, for the thread that wrote it and the one that read it.
 */
export class Checks {
  readonly #program: CompiledProgram;
  readonly #extent: Extent;
  readonly #arena: Arena;
  readonly #threads: number;
  /** Bytes from the start of all registers' maps to each register's. */
  readonly #registers = new Map<string, number>();
  readonly #registerBytes: number;

  constructor(
    program: CompiledProgram,
    extent: Extent,
    { arena, threads }: { readonly arena: Arena; readonly threads: number },
  ) {
    this.#program = program;
    this.#extent = extent;
    this.#arena = arena;
    this.#threads = threads;
    let end = 0;
    for (const { location, elements, dtype } of program.buffers) {
      if (location.kind !== "register" || this.#registers.has(location.name)) continue;
      this.#registers.set(location.name, end);
      // Maps are read and written by whole vectors.
      end += aligned(elements * dtypeInfo[dtype].bytes) + GAP;
    }
    this.#registerBytes = end;
  }

  /** Bytes of the program and of its maps. */
  get bytes(): number {
    return 3 * this.#extent.bytes + 2 * this.#registerBytes;
  }

  /** Guards for the kernels of a program that lies at an address. */
  guard(
    base: number,
  ): (addresses: Addresses, module: ModuleBuilder, workspaceOf: (kernel: Kernel) => Workspace) => Guards {
    const { bytes } = this.#extent;
    return (addresses, module, workspaceOf) => {
      const allowed = (kernel: Kernel): readonly Allowed[] =>
        allowedOf(
          this.#program,
          kernel,
          {
            address: addresses.buffer,
            workspace: addresses.workspace,
            fault: { start: addresses.fault, bytes: FAULT_BYTES },
            mapOf: (address, register) => {
              if (register === undefined) return { writers: address + bytes, readers: address + 2 * bytes };
              const offset = this.#registers.get(register);
              if (offset === undefined) throw new RangeError(`no maps of register "${register}"`);
              const writers = base + 3 * bytes + offset;
              return { writers, readers: writers + this.#registerBytes };
            },
          },
          workspaceOf(kernel),
        );
      return new Guards(module, this.#threads, allowed);
    };
  }

  /** Makes the program's memory ready, before its constants are written, and watches its kernels. */
  monitor(
    base: number,
    {
      addresses,
      guarded,
    }: { readonly addresses: Addresses; readonly guarded: ConstructorParameters<typeof Monitor>[1] },
  ): Monitor {
    const { bytes, layout } = this.#extent;
    const memory = new Uint8Array(this.#arena.memory.buffer);
    memory.fill(UNTOUCHED, base, base + bytes);
    memory.fill(0, base + bytes, base + this.bytes);
    const grounds: Grounds = {
      program: this.#program,
      arena: this.#arena,
      threads: this.#threads,
      address: addresses.buffer,
      gaps: layout.gaps.map(([from, to]): Range => [base + from, base + to]),
      workspace: [addresses.workspace, base + bytes],
    };
    return new Monitor(grounds, guarded);
  }
}
