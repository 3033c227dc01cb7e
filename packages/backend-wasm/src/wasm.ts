import type { Backend, CompileOptions, Device, Executable, Program } from "@adjoint/compiler";
import { AdjointError, type State, type TensorValue, type TypedArray, dtypeInfo } from "@adjoint/ir";
import { detectFeatures } from "./detect.ts";
import { type Host, compileExecutable, copyInto } from "./executable.ts";
import { Arena } from "./memory-layout.ts";
import { MOST_THREADS } from "./threads/control.ts";
import { Pool } from "./threads/pool.ts";
import { coresOf } from "./spawn.ts";

export interface WasmOptions {
  /** Never use fused multiply-add: the same numbers on every engine. */
  readonly deterministic?: boolean;
  /**
   * How many threads share the kernels of a program, this one among them: 1 to 64, by default one for each core, up to 8.
   * Where engine or page have no shared memory there is one. Numbers don't depend on it.
   */
  readonly threads?: number;
  /** A kernel of fewer scalar operations than this runs on one thread; 2¹⁸ by default, some 30 µs. */
  readonly shareFrom?: number;
}

/** The backend with its threads, which end with it. */
export interface WasmBackend extends Backend {
  /** Threads that run programs now: 1 until the others have started. */
  readonly threads: number;
  [Symbol.dispose](): void;
}

/** More cores than this are seldom for one process. */
const DEFAULT_MOST_THREADS = 8;
const DEFAULT_SHARE_FROM = 1 << 18;

/**
 * Compiles each program to one WebAssembly module with SIMD, with fused multiply-add where the engine has it, run by
 * threads that are started once. The threads never keep the process alive.
 * @throws AdjointError on engines without SIMD, and for options out of range.
 */
export function wasm(options: WasmOptions = {}): Promise<WasmBackend> {
  return Promise.resolve().then(() => openBackend(options));
}

/** Ends the threads of backends that nobody holds any more. */
const forgotten = new FinalizationRegistry<Pool>((pool) => pool[Symbol.dispose]());

function openBackend({ deterministic, threads, shareFrom = DEFAULT_SHARE_FROM }: WasmOptions): WasmBackend {
  const { simd, relaxedSimd, threads: canShare } = detectFeatures();
  if (!simd) {
    throw new AdjointError("backend", "wasm", "this engine has no SIMD", "Use the CPU backend here.");
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS))
    throw new AdjointError(
      "attribute",
      "wasm",
      `threads: ${threads} is no whole number from 1 to ${MOST_THREADS}`,
    );
  const wanted = canShare ? (threads ?? Math.min(coresOf(), DEFAULT_MOST_THREADS)) : 1;
  const arena = new Arena(wanted > 1);
  const pool = wanted > 1 ? new Pool(arena.memory, wanted) : undefined;
  const host: Host = { arena, pool, shareFrom, fused: relaxedSimd && deterministic !== true };
  if (pool !== undefined) forgotten.register(host, pool);
  return {
    name: "wasm",
    get threads() {
      return host.pool?.isReady === true ? host.pool.size : 1;
    },
    open: () => Promise.resolve(new WasmDevice(host)),
    [Symbol.dispose]: () => host.pool?.[Symbol.dispose](),
  };
}

interface Register {
  readonly dtype: TensorValue["dtype"];
  readonly shape: readonly number[];
  readonly address: number;
  readonly elements: number;
  readonly bytes: number;
}

class WasmDevice implements Device {
  readonly #host: Host;
  readonly #registers = new Map<string, Register>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** The register's data in memory as it is now. */
  #view({ dtype, address, elements }: Register): TypedArray {
    return new dtypeInfo[dtype].array(this.#host.arena.memory.buffer, address, elements);
  }

  #register(name: string): Register {
    const register = this.#registers.get(name);
    if (register === undefined) throw new AdjointError("state", `register "${name}"`, "has not been written");
    return register;
  }

  writeState(state: State): Promise<void> {
    for (const [name, { dtype, shape, data }] of Object.entries(state)) {
      // Created on its first write; later ones keep the memory.
      const register = this.#registers.get(name) ?? {
        dtype,
        shape,
        elements: data.length,
        bytes: data.byteLength,
        address: this.#host.arena.allocate(data.byteLength),
      };
      this.#registers.set(name, register);
      copyInto(this.#view(register), data);
    }
    return Promise.resolve();
  }

  readState(names: readonly string[]): Promise<State> {
    const state: { [name: string]: TensorValue } = {};
    for (const name of names) {
      const register = this.#register(name);
      state[name] = { dtype: register.dtype, shape: register.shape, data: this.#view(register).slice() };
    }
    return Promise.resolve(state);
  }

  compile(program: Program, options: CompileOptions): Promise<Executable> {
    const address = (name: string): number => this.#register(name).address;
    return compileExecutable(program, this.#host, address, options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const { address, bytes } of this.#registers.values()) this.#host.arena.release(address, bytes);
    this.#registers.clear();
    return Promise.resolve();
  }
}
