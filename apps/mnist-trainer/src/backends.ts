import { setFlagsFromString } from "node:v8";
import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { enableWideVectors } from "@adjoint/backend-wasm/node";
import { webgpu } from "@adjoint/backend-webgpu";
import type { Backend } from "@adjoint/compiler";
import { UsageError } from "./usage-error.ts";

/** The backends, by name. */
export const backends: { readonly [name in "cpu" | "wasm" | "webgpu"]: () => Backend | Promise<Backend> } = {
  cpu: () => cpu(),
  wasm: () => {
    // Node 20 has fused multiply-add behind a flag, Node 24 pairs of vectors: a library leaves both to the app.
    if (Number.parseInt(process.versions.node, 10) < 22)
      setFlagsFromString("--experimental-wasm-relaxed-simd");
    enableWideVectors();
    return wasm();
  },
  webgpu: async () => webgpu({ gpu: await findGpu() }),
};

/** The fastest one. */
export const defaultBackend: keyof typeof backends = "wasm";

/** The part of the npm package that is used; the package is missing if only the app's own packages are installed. */
interface WebgpuPackage {
  create(options: readonly string[]): GPU;
}
const webgpuPackage: string = "webgpu";

/** The host's own WebGPU, or that of the npm package `webgpu` where its user has installed it. */
async function findGpu(): Promise<GPU> {
  // Node 20 has no navigator, and later ones have no GPU in it.
  const own = (globalThis.navigator as Partial<Navigator> | undefined)?.gpu;
  if (own !== undefined) return own;
  try {
    // The package's own types say so.
    const { create } = (await import(webgpuPackage)) as WebgpuPackage;
    return create([]);
  } catch (error) {
    throw new UsageError(
      `--backend webgpu needs a WebGPU, and Node has none of its own: npm install webgpu brings one. Loading it failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
