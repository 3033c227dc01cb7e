import { type Backend, type Feeds, compile } from "@adjoint/compiler";
import type { Graph, State } from "@adjoint/ir";
import { afterAll, beforeAll } from "vitest";
import { gpuTitle, missingGpu, nodeBackend } from "../gpu.ts";
import { runConformance } from "./suite.ts";
import { webgpuOptions } from "./webgpu.ts";

let backend: Backend;
beforeAll(async () => {
  if (missingGpu === undefined) backend = await nodeBackend();
});
afterAll(() => backend?.[Symbol.dispose]?.());

runConformance(
  gpuTitle("webgpu"),
  async (graph: Graph, feeds: Feeds, state: State) => {
    await using session = await compile({ main: graph }, { backend, state });
    const outputs = await session.run("main", feeds);
    return { outputs, state: await session.state() };
  },
  { ...webgpuOptions, skip: (item, subject) => missingGpu ?? webgpuOptions.skip?.(item, subject) },
);
