export { type Features, detectFeatures } from "./detect.ts";
export { type WasmBackend, type WasmOptions, wasm } from "./wasm.ts";
