export { type Features, detectFeatures } from "./detect.ts";
export type { WasmBackend, WasmOptions } from "./backend.ts";
export { wasm } from "./wasm.ts";
