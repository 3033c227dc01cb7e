import { AdjointError } from "@adjoint/ir/values";
import type { Code, Pool } from "./threads/pool.ts";

/** The functions of a module over its memory. */
async function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  names: readonly string[],
  pool: Pool | undefined,
  others: WebAssembly.ModuleImports,
): Promise<readonly Code[]> {
  const imports = {
    memory,
    now: () => performance.now(),
    isLost: (waited: number) => (pool?.isLost(waited) === true ? 1 : 0),
    ...others,
  };
  const { exports } = await WebAssembly.instantiate(module, { adjoint: imports });
  // The exports are the functions that `compileModule` wrote.
  return names.map((name) => exports[name] as Code);
}

/** A module's functions by number, on all threads that there are. */
export interface Running {
  /** 0, the number of a fault, or BROKEN: `failure` then says why. */
  readonly run: (index: number) => number;
  readonly failure: () => Promise<AdjointError>;
  readonly release: () => void;
}

/**
 * Brings a module's functions to all threads.
 * @param pool threads beside this one, which wait for the module's memory.
 * @param imports what the module takes beside memory and clock, where no other threads run it.
 */
export async function start(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  names: readonly string[],
  pool: Pool | undefined,
  imports: WebAssembly.ModuleImports = {},
): Promise<Running> {
  const codes = await instantiate(module, memory, names, pool, imports);
  const program = pool?.add(module);
  return {
    run: (index) => {
      const code = codes[index];
      if (code === undefined) return 0;
      return pool === undefined || program === undefined ? code() : pool.run(program, code);
    },
    failure: () => pool?.failure() ?? Promise.resolve(new AdjointError("backend", "wasm", "a step failed")),
    release: () => {
      if (program !== undefined) pool?.remove(program);
    },
  };
}
