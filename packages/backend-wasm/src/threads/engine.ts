import { quotaOf } from "./quota.ts";

/** An end of Node's channels. */
export interface NodePort {
  /** In Node whether anybody holds the other end, though its documentation doesn't say so. */
  postMessage(message: unknown): unknown;
  close(): void;
}

/** A worker of Node. */
interface NodeWorker {
  postMessage(message: unknown, transfer?: readonly NodePort[]): void;
  terminate(): Promise<number>;
  on(event: "error", listener: (error: unknown) => void): void;
  on(event: "exit", listener: (code: number) => void): void;
  unref(): void;
}

/** The parts of Node in use, without an import that other engines don't have. */
interface NodeProcess {
  getBuiltinModule(name: "node:worker_threads"): {
    readonly Worker: new (url: URL) => NodeWorker;
    readonly MessageChannel: new () => { readonly port1: NodePort; readonly port2: NodePort };
  };
  getBuiltinModule(name: "node:os"): { availableParallelism(): number };
  getBuiltinModule(name: "node:fs"): { readFileSync(path: string, encoding: "utf8"): string };
}

export function nodeProcess(): NodeProcess | undefined {
  // Node ≥ 20.16 has it; the others may have no `process` at all.
  const { process } = globalThis as { readonly process?: Partial<NodeProcess> };
  return typeof process?.getBuiltinModule === "function" ? (process as NodeProcess) : undefined;
}

/** Threads that the machine runs at once for this process. */
export function coresOf(): number {
  // Node has `navigator` since version 21.
  const { navigator } = globalThis as { readonly navigator?: Partial<Navigator> };
  const node = nodeProcess();
  const cores =
    navigator?.hardwareConcurrency ?? node?.getBuiltinModule("node:os").availableParallelism() ?? 1;
  return Math.max(1, Math.min(cores, Math.floor(node === undefined ? Infinity : processQuota(node))));
}

/** Processors' worth of time that the process's control group may take; Infinity where nothing limits it, or nothing says so. */
function processQuota(node: NodeProcess): number {
  const { readFileSync } = node.getBuiltinModule("node:fs");
  return quotaOf((path) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  });
}

/** True if workers can have this thread's memory: pages say whether they are isolated; Node, Deno and Bun have no such word. */
export const canShareMemory = (): boolean =>
  typeof SharedArrayBuffer !== "undefined" && Reflect.get(globalThis, "crossOriginIsolated") !== false;
