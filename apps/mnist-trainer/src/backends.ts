import { setFlagsFromString } from "node:v8";
import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { enableWideVectors } from "@adjoint/backend-wasm/node";
import type { Backend } from "@adjoint/compiler";

/** What can run the programs, by name. */
export const backends: { readonly [name in "cpu" | "wasm"]: () => Backend | Promise<Backend> } = {
  cpu: () => cpu(),
  wasm: () => {
    // Node 20 has fused multiply-add behind a flag, Node 24 pairs of vectors: a library leaves both to the app.
    if (Number.parseInt(process.versions.node, 10) < 22)
      setFlagsFromString("--experimental-wasm-relaxed-simd");
    enableWideVectors();
    return wasm();
  },
};

/** The fastest one. */
export const defaultBackend: keyof typeof backends = "wasm";
