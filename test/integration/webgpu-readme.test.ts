import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { blocksOf, runBlock, temporaryFolder } from "../docs/readme-blocks.ts";
import { gpuTitle, missingGpu, nodeGpu } from "../gpu.ts";

describe.skipIf(missingGpu !== undefined)(`${gpuTitle("the README of backend-webgpu")}`, () => {
  const folder = temporaryFolder();
  beforeAll(async () => void vi.stubGlobal("navigator", { gpu: await nodeGpu() }));
  afterAll(() => {
    vi.unstubAllGlobals();
    folder.remove();
  });

  test("shows what runs where there is navigator.gpu, and what it prints", async () => {
    expect(await runBlock(folder.path, blocksOf("backend-webgpu")[0] ?? "")).toEqual([
      [Float32Array.of(6, 24)],
    ]);
  });
});
