import { type Kernel, type CompiledProgram, buffersOf } from "@adjoint/compiler/kernel";
import { at, dtypeInfo } from "@adjoint/ir/values";
import type { Workspace } from "../workspace.ts";

/** A part of memory that a kernel may touch. */
export interface Allowed {
  readonly name: string;
  readonly start: number;
  readonly bytes: number;
  /** It may be written, too. */
  readonly isWritten: boolean;
  /** Bytes from a thread's own to that of the next thread; 0 where all threads have one. */
  readonly threadStep: number;
  /** Addresses of two maps with a byte for each of its bytes: who wrote it, and who read it; undefined for regions of one thread. */
  readonly map: { readonly writers: number; readonly readers: number } | undefined;
}

/** The addresses of a program's parts. */
export interface ProgramAddresses {
  readonly address: (buffer: number) => number;
  /** Maps of what begins at an address; a register has its own. */
  readonly mapOf: (address: number, register?: string) => Allowed["map"];
  readonly fault: { readonly start: number; readonly bytes: number };
  readonly workspace: number;
}

/** The name of a buffer in errors. */
export function nameOf({ buffers }: CompiledProgram, buffer: number): string {
  const info = buffers[buffer];
  if (info === undefined) return `buffer ${buffer}`;
  const { owner, location } = info;
  if (location.kind === "register") return `register "${location.name}"`;
  if (owner.kind === "constant") return `constant ${buffer}`;
  const slot = location.kind === "slot" ? `slot ${location.slot}` : "no slot";
  return owner.kind === "input" ? `input "${owner.name}" (${slot})` : `result ${buffer} (${slot})`;
}

/** Buffers exactly, not with what is left of their slots; a part of the workspace for the thread that runs. */
export function allowedOf(
  program: CompiledProgram,
  kernel: Kernel,
  { address, mapOf, fault, workspace }: ProgramAddresses,
  { regions, layout }: Workspace,
): readonly Allowed[] {
  const { reads, writes } = buffersOf(kernel);
  // A loop's copies don't belong to a kernel: one thread makes them between kernels.
  const isShared = kernel.form !== "scan" && kernel.form !== "if";
  const buffers = [...new Set([...writes, ...reads])].map((buffer): Allowed => {
    const { dtype, elements, location } = at(program.buffers, buffer);
    const register = location.kind === "register" ? location.name : undefined;
    const start = address(buffer);
    return {
      name: nameOf(program, buffer),
      start,
      bytes: elements * dtypeInfo[dtype].bytes,
      isWritten: writes.has(buffer),
      threadStep: 0,
      map: isShared ? mapOf(start, register) : undefined,
    };
  });
  const parts = regions.map(({ name, bytes, perThread }): Allowed => {
    const offset = layout.offsets[name];
    if (offset === undefined) throw new RangeError(`no part "${name}" in the workspace`);
    const start = workspace + offset;
    return {
      name: `workspace part "${name}"`,
      start,
      bytes,
      isWritten: true,
      threadStep: perThread ? layout.threadBytes : 0,
      map: perThread ? undefined : mapOf(start),
    };
  });
  const report = { name: "report of a fault", ...fault, isWritten: true, threadStep: 0, map: undefined };
  return [...buffers, ...parts, report];
}
