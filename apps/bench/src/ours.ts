import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import type { WasmOptions } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import { readFloats, readIntegers } from "./arrays.ts";
import { peakMeter } from "./peak.ts";
import { type Prepare, type Runner, labelSets, roundAndRound } from "./runner.ts";
import type { Job } from "./task.ts";
import { graphOf } from "./workloads/kinds.ts";

/** Our backends and their variants. */
export type OwnName = "cpu" | "wasm" | "wasm-fused" | "wasm-wide";

interface Own {
  /** Loads its package alone. */
  open(threads: number): Promise<Backend>;
  readonly peak?: () => () => number;
}

/** Node 20 has fused multiply-add behind a flag of V8; newer engines have it without one. Before the first compile. */
function enableFused(): void {
  if (Number(process.versions.node.split(".")[0]) < 22)
    setFlagsFromString("--experimental-wasm-relaxed-simd");
}

const openWasm = async (options: WasmOptions): Promise<Backend> =>
  (await import("@adjoint/backend-wasm")).wasm(options);

const own: { readonly [name in OwnName]: Own } = {
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

const versionOf = (): string => {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL(import.meta.resolve("@adjoint/compiler/package.json")), "utf8"),
  );
  return version;
};

/** Threads start while the first programs run on one; times are of all of them. */
async function allThreads(backend: Backend, threads: number): Promise<void> {
  if (!("threads" in backend)) return;
  for (let waited = 0; backend.threads !== threads; waited++) {
    if (waited > 500) throw new Error(`${threads} threads don't start`);
    await setTimeout(10);
  }
}

/** What a step of the compiled program does, by task. */
export const prepareOwn =
  (name: OwnName): Prepare =>
  async ({ task, threads, folder, once }: Job): Promise<Runner> => {
    const { open, peak } = own[name];
    const backend = await open(threads);
    if (!once) await allThreads(backend, threads);
    const { graph, state, result } = graphOf(task, (array) => readFloats(folder, array));
    const session = await compile({ main: graph }, { backend, state });
    const version = versionOf();
    if (task.kind === "train") {
      const images = readFloats(folder, "images");
      const next = roundAndRound(labelSets(readIntegers(folder, "labels"), task.batch));
      return {
        version,
        step: async () => {
          const { loss } = await session.run("main", { images, labels: next() });
          return loss?.item();
        },
      };
    }
    if (task.kind === "infer") {
      const images = readFloats(folder, "images");
      let logits: ArrayLike<number> = [];
      return {
        version,
        step: async () => {
          const outputs = await session.run("main", { images });
          // Logits are f32.
          logits = outputs["logits"]?.data as Float32Array;
        },
        result: () => logits,
      };
    }
    return {
      version,
      ...(task.kind === "gemm" && peak !== undefined && { peak: peak() }),
      step: async () => {
        await session.run("main", {});
      },
      result: async () => {
        const register = result ?? "";
        // The results of these tasks are f32.
        return (await session.state([register]))[register]?.data as Float32Array;
      },
    };
  };
