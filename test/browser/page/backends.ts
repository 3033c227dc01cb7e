import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { webgpu } from "@adjoint/backend-webgpu";
import type { Backend } from "@adjoint/compiler";
import type { BackendName } from "../task.ts";

interface Opened {
  readonly backend: Backend;
  readonly threads: number;
}

/** Each backend as these tests run it. */
export const open: { readonly [B in BackendName]: () => Promise<Opened> } = {
  cpu: () => Promise.resolve({ backend: cpu(), threads: 1 }),
  wasm: () => openWasm(false),
  wasmPlain: () => openWasm(true),
  webgpu: async () => ({ backend: await webgpu(), threads: 1 }),
};

/** With two threads where the page can have them, which share all kernels, however small. */
async function openWasm(deterministic: boolean): Promise<Opened> {
  const backend = await wasm({ threads: 2, shareFrom: 0, deterministic });
  const deadline = performance.now() + 10_000;
  while (crossOriginIsolated && backend.threads < 2 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 1));
  return { backend, threads: backend.threads };
}
