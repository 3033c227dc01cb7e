import type { Backend, CompileOptions, Device, Executable, Program } from "@adjoint/compiler";
import { AdjointError, type State, type TensorValue, type TypedArray, dtypeInfo } from "@adjoint/ir";
import { detectFeatures } from "./detect.ts";
import { compileExecutable, copyInto } from "./executable.ts";
import { Arena } from "./memory-layout.ts";

export interface WasmOptions {
  /** Never use fused multiply-add: the same numbers on every engine. */
  readonly deterministic?: boolean;
}

/**
 * Compiles each program to one WebAssembly module with SIMD, with fused multiply-add where the engine has it.
 * @throws AdjointError on engines without SIMD.
 */
export function wasm(options: WasmOptions = {}): Promise<Backend> {
  const { simd, relaxedSimd } = detectFeatures();
  if (!simd) {
    return Promise.reject(
      new AdjointError("backend", "wasm", "this engine has no SIMD", "Use the CPU backend here."),
    );
  }
  const fused = relaxedSimd && options.deterministic !== true;
  return Promise.resolve({ name: "wasm", open: () => Promise.resolve(new WasmDevice(fused)) });
}

interface Register {
  readonly dtype: TensorValue["dtype"];
  readonly shape: readonly number[];
  readonly address: number;
  readonly elements: number;
}

class WasmDevice implements Device {
  readonly #arena = new Arena();
  readonly #registers = new Map<string, Register>();
  readonly #fused: boolean;

  constructor(fused: boolean) {
    this.#fused = fused;
  }

  /** The register's data in memory as it is now. */
  #view({ dtype, address, elements }: Register): TypedArray {
    return new dtypeInfo[dtype].array(this.#arena.memory.buffer, address, elements);
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
        address: this.#arena.allocate(data.byteLength),
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
    return compileExecutable(program, this.#arena, address, { ...options, fused: this.#fused });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#registers.clear();
    return Promise.resolve();
  }
}
