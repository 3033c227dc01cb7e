import { AdjointError } from "@adjoint/ir/values";
import { type WorkerHandle, nodeProcess } from "./threads/engine.ts";

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
    // The browser's build has no use for this one.
    new URL(/* @vite-ignore */ "../worker.js", import.meta.url),
  );
  worker.on("error", (error) => onFailure(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code) => onFailure(`it exited with code ${code}`));
  worker.unref();
  return worker;
}
