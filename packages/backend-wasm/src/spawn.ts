import { AdjointError } from "@adjoint/ir";

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

function nodeProcess(): NodeProcess | undefined {
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

/** What browsers, Deno and Bun have. */
interface WebWorker extends WorkerHandle {
  addEventListener(
    type: "error" | "messageerror",
    listener: (event: { readonly message?: string }) => void,
  ): void;
}

declare const Worker: (new (url: URL, options: { readonly type: "module" }) => WebWorker) | undefined;

/**
 * Starts a worker that never keeps the process alive.
 * @param onFailure told why, should it die.
 */
export function spawn(onFailure: (reason: string) => void): WorkerHandle {
  if (typeof Worker === "undefined") return spawnInNode(onFailure);
  // In this form bundlers find the file. This module is as deep in `src` as the bundle is in `dist`.
  const worker = new Worker(new URL("../worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("error", (event) => onFailure(event.message ?? "its script could not be run"));
  if ("unref" in worker && typeof worker.unref === "function") worker.unref();
  return worker;
}

function spawnInNode(onFailure: (reason: string) => void): WorkerHandle {
  const node = nodeProcess();
  if (node === undefined)
    throw new AdjointError(
      "backend",
      "wasm",
      "this engine has no workers",
      "Use one thread: wasm({ threads: 1 }).",
    );
  const worker = new (node.getBuiltinModule("node:worker_threads").Worker)(
    new URL("../worker.js", import.meta.url),
  );
  worker.on("error", (error) => onFailure(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code) => onFailure(`it exited with code ${code}`));
  worker.unref();
  return worker;
}
