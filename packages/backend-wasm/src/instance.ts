import type { Pool } from "./threads/pool.ts";

/** A function of a program: a thread's share of a step, by the thread's number and how many there are; 0, or a fault. */
export type Code = (thread: number, threads: number) => number;

/** The functions of a module over its memory. */
async function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  names: readonly string[],
): Promise<readonly Code[]> {
  const imports = { memory, now: () => performance.now() };
  const { exports } = await WebAssembly.instantiate(module, { adjoint: imports });
  // The exports are the functions that `compileModule` wrote.
  return names.map((name) => exports[name] as Code);
}

/** A module's functions by number, on all threads that there are. */
export interface Running {
  /** 0, or the number of a fault. */
  readonly run: (index: number) => number;
  readonly release: () => void;
}

/**
 * Brings a module's functions to all threads.
 * @param pool threads beside this one, which wait for the module's memory.
 */
export async function start(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  names: readonly string[],
  pool: Pool | undefined,
): Promise<Running> {
  const codes = await instantiate(module, memory, names);
  const pooled = pool?.add(module, names);
  if (pooled !== undefined) await pool?.settle(pooled);
  return {
    run: (index) => {
      const code = codes[index];
      if (code === undefined) return 0;
      return pool === undefined || pooled === undefined ? code(0, 1) : pool.run(pooled, index, code);
    },
    release: () => {
      if (pooled !== undefined) pool?.remove(pooled);
    },
  };
}
