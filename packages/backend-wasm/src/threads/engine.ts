/** A worker of any engine. */
export interface WorkerHandle {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

/** What Node's worker has beyond that. */
interface NodeWorker extends WorkerHandle {
  on(event: "error", listener: (error: unknown) => void): void;
  on(event: "exit", listener: (code: number) => void): void;
  unref(): void;
}

/** What is used of Node, without an import that other engines would miss. */
interface NodeProcess {
  getBuiltinModule(name: "node:worker_threads"): { readonly Worker: new (url: URL) => NodeWorker };
  getBuiltinModule(name: "node:os"): { availableParallelism(): number };
}

export function nodeProcess(): NodeProcess | undefined {
  // Node ≥ 20.16 has it; the others may have no `process` at all.
  const { process } = globalThis as { readonly process?: Partial<NodeProcess> };
  return typeof process?.getBuiltinModule === "function" ? (process as NodeProcess) : undefined;
}

/** Threads that the machine runs at once. */
export function coresOf(): number {
  // Node has `navigator` since version 21.
  const { navigator } = globalThis as { readonly navigator?: Partial<Navigator> };
  return (
    navigator?.hardwareConcurrency ?? nodeProcess()?.getBuiltinModule("node:os").availableParallelism() ?? 1
  );
}

/** Whether workers can have this thread's memory: pages say whether they are isolated; Node, Deno and Bun have no such word. */
export const canShareMemory = (): boolean =>
  typeof SharedArrayBuffer !== "undefined" && Reflect.get(globalThis, "crossOriginIsolated") !== false;
