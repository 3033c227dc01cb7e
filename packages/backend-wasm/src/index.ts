export { type ArtifactOptions, buildArtifact } from "./artifact/build.ts";
export { type Features, detectFeatures } from "./detect.ts";
export type { WasmBackend, WasmOptions } from "./backend.ts";
export { wasm } from "./wasm.ts";
