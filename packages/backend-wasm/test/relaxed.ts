import { setFlagsFromString } from "node:v8";
import { detectFeatures } from "@adjoint/backend-wasm";

// Node 20 has relaxed SIMD behind this flag, which only an app may set; a test file is one.
if (Number.parseInt(process.versions.node, 10) < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");

/** True if tests of fused multiply-add can run here; before the first module is compiled. */
export const relaxed: boolean = detectFeatures().relaxedSimd;
