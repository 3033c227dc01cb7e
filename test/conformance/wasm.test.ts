import { setFlagsFromString } from "node:v8";
import { type WasmBackend, detectFeatures, wasm } from "@adjoint/backend-wasm";
import { type Feeds, compile } from "@adjoint/compiler";
import type { Graph, State } from "@adjoint/ir";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runConformance } from "./suite.ts";

// Node 20 has relaxed SIMD behind a flag, which counts from the next module on; newer versions have it on.
if (Number.parseInt(process.versions.node, 10) < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");

test("the engine fuses multiply and add, so that both kinds of kernels run below", () => {
  expect(detectFeatures().relaxedSimd).toBe(true);
});

for (const threads of [1, 2]) {
  for (const deterministic of [true, false]) {
    let backend: WasmBackend;
    beforeAll(async () => {
      // All kernels are shared, however small.
      backend = await wasm({ deterministic, threads, shareFrom: 0 });
      while (backend.threads < threads) await new Promise((resolve) => setTimeout(resolve, 1));
    });
    afterAll(() => backend[Symbol.dispose]());

    const name = `wasm, ${deterministic ? "plain" : "fused"} multiply-add, ${threads === 1 ? "one thread" : `${threads} threads`}`;
    runConformance(name, async (graph: Graph, feeds: Feeds, state: State) => {
      await using session = await compile({ main: graph }, { backend, state });
      const outputs = await session.run("main", feeds);
      return { outputs, state: await session.state() };
    });
  }
}
