import { setTimeout } from "node:timers/promises";
import type { WasmOptions } from "@adjoint/backend-wasm";
import type { Backend } from "@adjoint/compiler";
import { enableFused } from "./fused.ts";
import type { OwnName } from "./names.ts";
import { ownRunner } from "./own-runner.ts";
import { peakMeter } from "../measure/peak.ts";
import type { Prepare } from "./runner.ts";
import { ownVersion } from "./version.ts";

interface Own {
  /** Loads its package alone. */
  open(threads: number): Promise<Backend>;
  readonly peak?: () => () => number;
}

const openWasm = async (options: WasmOptions): Promise<Backend> =>
  (await import("@adjoint/backend-wasm")).wasm(options);

/** Those that compile. */
type Compiling = Exclude<OwnName<"node">, "wasm-ahead">;

const own: { readonly [name in Compiling]: Own } = {
  cpu: { open: async () => (await import("@adjoint/backend-cpu")).cpu() },
  wasm: {
    open: (threads) => openWasm({ deterministic: true, threads }),
    peak: () => peakMeter({ fused: false, wide: false }),
  },
  "wasm-fused": {
    open: (threads) => {
      enableFused();
      return openWasm({ threads });
    },
    peak: () => peakMeter({ fused: true, wide: false }),
  },
  "wasm-wide": {
    open: async (threads) => {
      const { enableWideVectors } = await import("@adjoint/backend-wasm/node");
      if (!enableWideVectors()) throw new Error("this engine doesn't join vectors");
      return openWasm({ threads });
    },
    peak: () => peakMeter({ fused: true, wide: true }),
  },
};

/** Threads start while the first programs run on one; times are of all of them. */
async function allThreads(backend: Backend, threads: number): Promise<void> {
  if (!("threads" in backend)) return;
  for (let waited = 0; backend.threads !== threads; waited++) {
    if (waited > 500) throw new Error(`${threads} threads don't start`);
    await setTimeout(10);
  }
}

/** One of our backends with the variants that Node has. */
export const prepareOwn =
  (name: Compiling): Prepare =>
  async ({ task, threads, once }, arrays) => {
    const { open, peak } = own[name];
    const backend = await open(threads);
    if (!once) await allThreads(backend, threads);
    return {
      version: ownVersion(),
      ...(await ownRunner(backend, task, arrays)),
      ...(task.kind === "gemm" && peak !== undefined && { peak: peak() }),
    };
  };
