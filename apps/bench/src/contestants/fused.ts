import { setFlagsFromString } from "node:v8";

/** Node 20 has fused multiply-add behind a flag of V8; newer engines have it without one. Before the first compile. */
export function enableFused(): void {
  if (Number(process.versions.node.split(".")[0]) < 22)
    setFlagsFromString("--experimental-wasm-relaxed-simd");
}
