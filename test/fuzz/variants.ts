import "./driver.ts";
import { setFlagsFromString } from "node:v8";
import { cpu } from "@adjoint/backend-cpu";
import { type WasmOptions, buildArtifact, detectFeatures, wasm } from "@adjoint/backend-wasm";
import { openArtifact } from "@adjoint/backend-wasm/artifact";
import { enableWideVectors } from "@adjoint/backend-wasm/node";
import { type Backend, type Entries, type Session, compile } from "@adjoint/compiler";
import type { Bindings, Graph, TensorValue } from "@adjoint/ir";
import { type Pass, graphNodes, runPasses } from "@adjoint/ir/graph";
import { isWide } from "../conformance/webgpu.ts";
import { missingGpu, nodeBackend } from "../gpu.ts";
import { type Arithmetic, devices, hosts } from "./bounds/bounds.ts";
import type { FuzzCase } from "./fuzz-case.ts";
import { bindingsOf } from "./symbolic.ts";

/** One way to run programs. */
export interface Variant {
  readonly name: string;
  /** The family that `--backend` names. */
  readonly backend: "cpu" | "wasm" | "artifact" | "webgpu";
  /** Bounds of what it may give. */
  readonly arithmetic: Arithmetic;
  /** Why it can't run here; undefined if it can. */
  readonly missing?: string | undefined;
  /** True for cases that a README says it does not run. */
  readonly beyond?: (item: FuzzCase, results: readonly TensorValue[]) => boolean;
  open(): Promise<Opened>;
}

/** A backend that is ready. */
export interface Opened {
  session(item: FuzzCase): Promise<Session>;
  close(): void;
}

// Node 20 has relaxed SIMD behind a flag, which counts from the next module on; newer versions have it on.
if (Number.parseInt(process.versions.node, 10) < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");

/** The default passes: each graph goes through them once, and all variants compile what came out. */
const optimized = new WeakMap<Graph, Graph>();
const passes: readonly Pass[] = [
  {
    name: "optimize, once for all variants",
    run: (graph) => {
      let made = optimized.get(graph);
      if (made === undefined) {
        made = runPasses(graph);
        optimized.set(graph, made).set(made, made);
      }
      return made;
    },
  },
];

const onBackend = async (backend: Backend, close: () => void = () => undefined): Promise<Opened> => ({
  session: ({ entries }) => compile(entries, { backend, passes }),
  close,
});

const cpuVariant = (name: string, kernels: "printed" | "closures"): Variant => ({
  name,
  backend: "cpu",
  arithmetic: hosts,
  open: () => onBackend(cpu({ kernels })),
});

const missingFused = (): string | undefined =>
  detectFeatures().relaxedSimd ? undefined : "this engine has no relaxed SIMD";

const wasmVariant = (name: string, options: WasmOptions): Variant => ({
  name,
  backend: "wasm",
  arithmetic: hosts,
  ...(options.deterministic === false && { missing: missingFused() }),
  open: async () => {
    // All kernels are shared, however small.
    const backend = await wasm({ shareFrom: 0, ...options });
    const started = options.checked === true ? 1 : (options.threads ?? 1);
    while (backend.threads < started) await new Promise((resolve) => setTimeout(resolve, 1));
    return onBackend(backend, () => backend[Symbol.dispose]());
  },
});

/** One artifact of so many runs on as many threads as it is built for. */
const WITH_THREADS = 16;

/** The values of the symbols of a case's graphs in its runs. */
const sizesOf = ({ entries, runs }: FuzzCase): readonly Bindings[] =>
  runs.flatMap(({ entry, feeds }) => {
    const graph = entries[entry];
    const bindings = graph === undefined ? {} : bindingsOf(graph, feeds);
    return Object.keys(bindings).length === 0 ? [] : [bindings];
  });

const artifactVariant = (
  name: string,
  options: { readonly fused: boolean; readonly threads: number },
): Variant => ({
  name,
  backend: "artifact",
  arithmetic: hosts,
  ...(options.fused && { missing: missingFused() }),
  open: async () => {
    let opened = 0;
    return {
      session: (item) => {
        // Each artifact starts threads of its own, which takes longer than all else: the others run the same code alone.
        const threads = opened++ % WITH_THREADS === 0 ? options.threads : 1;
        const sizes = sizesOf(item);
        const file = buildArtifact(item.entries, {
          shareFrom: 0,
          passes,
          ...options,
          ...(sizes.length > 0 && { sizes }),
        });
        return openArtifact<Entries>(file, { threads });
      },
      close: () => undefined,
    };
  },
});

const webgpuVariant: Variant = {
  name: "webgpu",
  backend: "webgpu",
  arithmetic: devices,
  missing: missingGpu,
  beyond: ({ entries, runs }, results) => {
    const tensors = Object.values(entries).flatMap((graph) =>
      graphNodes(graph).flatMap((node) => node.outputs),
    );
    // 64-bit integers in the middle of a program wrap at 32 bits.
    const types = new Set(tensors.map(({ dtype }) => dtype));
    if (types.has("f64") || types.has("i64") || types.has("u64")) return true;
    return [...runs.flatMap(({ feeds }) => Object.values(feeds)), ...results].some(isWide);
  },
  open: async () => onBackend(await nodeBackend()),
};

/** True if V8 joins pairs of vectors in this process: every WebAssembly variant is then wide. */
export const isWideProcess = process.argv.includes("--wide") && enableWideVectors();

/** All ways to run programs. */
export const variants: readonly Variant[] = [
  cpuVariant("cpu printed", "printed"),
  cpuVariant("cpu closures", "closures"),
  ...[1, 2, 3].map((threads) =>
    wasmVariant(`wasm plain, threads ${threads}`, { deterministic: true, threads }),
  ),
  ...[1, 2, 3].map((threads) =>
    wasmVariant(`wasm fused, threads ${threads}`, { deterministic: false, threads }),
  ),
  // One thread plays all of them, and each access is checked.
  wasmVariant("wasm checked, threads 3", { deterministic: true, threads: 3, checked: true }),
  artifactVariant("artifact plain", { fused: false, threads: 1 }),
  artifactVariant("artifact fused, threads 2", { fused: true, threads: 2 }),
  webgpuVariant,
];
