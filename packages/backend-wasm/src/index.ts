export { type ArtifactOptions, buildArtifact } from "./artifact/build.ts";
export { type Features, detectFeatures } from "./detect.ts";
export { type WasmBackend, type WasmOptions, wasm } from "./backend.ts";
