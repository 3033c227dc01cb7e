export { type WebgpuOptions, webgpu } from "./webgpu.ts";
