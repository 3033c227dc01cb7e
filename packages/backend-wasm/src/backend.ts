import type { Backend, CompileOptions, Device, Executable, CompiledProgram } from "@adjoint/compiler/kernel";
import type { State } from "@adjoint/ir";
import { AdjointError, dtypeInfo } from "@adjoint/ir/values";
import { detectFeatures } from "./detect.ts";
import { type Host, compileExecutable } from "./assemble.ts";
import { Arena, GAP } from "./memory-layout.ts";
import { Registers } from "./registers.ts";
import { SHARE_FROM, checkThreads } from "./threads/options.ts";
import { Pool } from "./threads/pool.ts";
import { coresOf } from "./threads/engine.ts";

export interface WasmOptions {
  /** Never use fused multiply-add: the same numbers on every engine. */
  readonly deterministic?: boolean;
  /**
   * The number of threads that may share the kernels of a program, this one among them: 1 to 64, by default one for each core
   * that the process may use, up to 8. Where engine or page have no shared memory there is one. No more run at once than there are
   * cores, and fewer where the machine has other work. Numbers don't depend on it.
   */
  readonly threads?: number;
  /**
   * Checks every access to memory: a kernel that reads or writes what is not its own, or two parts of one that touch the same
   * element, which two threads may compute at once, are an AdjointError that names the kernel. This thread plays all of them (3 by
   * default), one after another, so that each run finds the same. For tests of the backend: a training step of 784-500-10 takes 25 times as long.
   */
  readonly checked?: boolean;
  /**
   * A kernel of fewer scalar operations than this runs on one thread; 2¹⁸ by default, some 30 µs; 0 shares all, in small parts,
   * as is the default where accesses are checked.
   */
  readonly shareFrom?: number;
}

/** The backend with its threads, which end with it. */
export interface WasmBackend extends Backend {
  /** Threads that may run programs now: 1 until the others have started, and once one of them has ended. */
  readonly threads: number;
}

/** More cores than this are seldom for one process. */
const DEFAULT_MOST_THREADS = 8;

/** Threads that one plays where accesses are checked. */
const PLAYED = 3;

/**
 * Compiles each program to one WebAssembly module with SIMD, with fused multiply-add where the engine has it, run by
 * threads that are started once. The threads never keep the process alive.
 * @throws AdjointError on engines without SIMD, and for options out of range.
 */
export async function wasm({
  deterministic,
  threads,
  checked = false,
  shareFrom = checked ? 0 : SHARE_FROM,
}: WasmOptions = {}): Promise<WasmBackend> {
  const { simd, relaxedSimd, threads: canShare } = detectFeatures();
  if (!simd) {
    throw new AdjointError("backend", "wasm", "this engine has no SIMD", "Use the CPU backend here.");
  }
  if (threads !== undefined) checkThreads("wasm", threads);
  const played = checked ? (threads ?? PLAYED) : undefined;
  const wanted = canShare && !checked ? (threads ?? Math.min(coresOf(), DEFAULT_MOST_THREADS)) : 1;
  const arena = new Arena(wanted > 1, checked ? GAP : 0);
  const pool = wanted > 1 ? new Pool(arena.memory, wanted) : undefined;
  const fused = relaxedSimd && deterministic !== true;
  const host: Host = { arena, pool, shareFrom, fused, played };
  pool?.endWith(host);
  return {
    name: "wasm",
    get threads() {
      return played ?? (host.pool?.isReady === true ? host.pool.size : 1);
    },
    open: () => Promise.resolve(new WasmDevice(host)),
    [Symbol.dispose]: () => host.pool?.[Symbol.dispose](),
  };
}

class WasmDevice implements Device {
  readonly #host: Host;
  readonly #registers: Registers;

  constructor(host: Host) {
    const { arena } = host;
    this.#host = host;
    this.#registers = new Registers(arena.memory, (name, bytes) =>
      arena.allocate(bytes, `register "${name}"`),
    );
  }

  // Asynchronous so that whatever is thrown becomes a rejection.
  async writeState(state: State): Promise<void> {
    this.#registers.write(state);
  }

  async readState(names: readonly string[]): Promise<State> {
    return this.#registers.read(names);
  }

  compile(program: CompiledProgram, options: CompileOptions): Promise<Executable> {
    return compileExecutable(program, this.#host, (name) => this.#registers.at(name).address, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { dtype, address, elements } of this.#registers.clear())
      this.#host.arena.release(address, elements * dtypeInfo[dtype].bytes);
  }
}
