export { type Features, detectFeatures } from "./detect.ts";
export { type WasmOptions, wasm } from "./wasm.ts";
