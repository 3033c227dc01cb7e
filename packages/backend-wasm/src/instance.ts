/** A function of a program: a thread's share of a step, by the thread's number and how many there are; 0, or a fault. */
export type Code = (thread: number, threads: number) => number;

/** The functions of a module over its memory. */
export async function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  names: readonly string[],
): Promise<readonly Code[]> {
  const imports = { memory, now: () => performance.now() };
  const { exports } = await WebAssembly.instantiate(module, { adjoint: imports });
  // The exports are the functions that `compileModule` wrote.
  return names.map((name) => exports[name] as Code);
}
