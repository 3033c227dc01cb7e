import { AdjointError } from "@adjoint/ir/values";
import { type NodePort, nodeProcess } from "./threads/engine.ts";

/** A worker of any engine. */
export interface WorkerHandle {
  postMessage(message: object): void;
  terminate(): void;
  /** True if it has ended, known without waiting for events; undefined where the engine doesn't say. */
  isGone(): boolean | undefined;
}

/** The worker of browsers, Deno and Bun. */
interface WebWorker {
  postMessage(message: object): void;
  terminate(): unknown;
  addEventListener(
    type: "error" | "messageerror",
    listener: (event: { readonly message?: string }) => void,
  ): void;
}

declare const Worker:
  | { new (url: URL, options: { readonly type: "module" }): WebWorker; readonly prototype: object }
  | undefined;

/**
 * Starts a worker that never keeps the process alive.
 * @param start its first message.
 * @param onFailure told why, should it die.
 */
export function spawn(start: object, onFailure: (reason: string) => void): WorkerHandle {
  // A library may have made Node's workers the global ones, as ONNX Runtime does: those have no such method.
  if (typeof Worker === "undefined" || !("addEventListener" in Worker.prototype))
    return spawnInNode(start, onFailure);
  // In this form bundlers find the file. This module is as deep in `src` as the bundle is in `dist`.
  const worker = new Worker(new URL("../worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("error", (event) => onFailure(event.message ?? "its script could not be run"));
  if ("unref" in worker && typeof worker.unref === "function") worker.unref();
  worker.postMessage(start);
  return {
    postMessage: (message) => worker.postMessage(message),
    terminate: () => void worker.terminate(),
    isGone: () => undefined,
  };
}

function spawnInNode(start: object, onFailure: (reason: string) => void): WorkerHandle {
  const node = nodeProcess();
  if (node === undefined)
    throw new AdjointError(
      "backend",
      "wasm",
      "this engine has no workers",
      "Use one thread: wasm({ threads: 1 }).",
    );
  const { Worker: NodeWorker, MessageChannel } = node.getBuiltinModule("node:worker_threads");
  const worker = new NodeWorker(
    // The browser's build has no use for this one.
    new URL(/* @vite-ignore */ "../worker.js", import.meta.url),
  );
  worker.on("error", (error) => onFailure(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code) => onFailure(`it exited with code ${code}`));
  worker.unref();
  const { port1: ours, port2: its } = new MessageChannel();
  worker.postMessage({ ...start, port: its }, [its]);
  return {
    postMessage: (message) => worker.postMessage(message),
    terminate: () => {
      ours.close();
      void worker.terminate();
    },
    isGone: () => isClosed(ours),
  };
}

/** Node tells who posts whether anybody holds the other end: that of a worker is closed with it, before any event says so. */
function isClosed(port: NodePort): boolean | undefined {
  const isHeld = port.postMessage(0);
  return typeof isHeld === "boolean" ? !isHeld : undefined;
}
