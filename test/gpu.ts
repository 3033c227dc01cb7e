import { existsSync } from "node:fs";
import { webgpu } from "@adjoint/backend-webgpu";
import type { Backend } from "@adjoint/compiler";

/** Chromium's software driver, which Dawn (the WebGPU of these tests) runs on; vitest.config.ts names it to the loader. */
const driver = process.env["VK_ICD_FILENAMES"] ?? "";

/** Why tests on a GPU can't run here; undefined if they can. */
export const missingGpu: string | undefined = existsSync(driver)
  ? undefined
  : `no Vulkan driver at "${driver}": apt-get install chromium libvulkan1`;

/** The title of a test on a GPU: with the reason if it is left out. */
export const gpuTitle = (title: string): string =>
  missingGpu === undefined ? title : `${title} (skipped: ${missingGpu})`;

let source: Promise<GPU> | undefined;

/**
 * WebGPU in Node, imported late: its binary needs what a machine without the driver may not have. It is held here, since Dawn
 * does not survive that its GPU is collected while a device is at work.
 */
export function nodeGpu(): Promise<GPU> {
  source ??= import("webgpu").then(({ create }) => create([]));
  return source;
}

/** The backend on that. */
export const nodeBackend = async (): Promise<Backend> => webgpu({ gpu: await nodeGpu() });
