import { setFlagsFromString } from "node:v8";
import { detectFeatures, wasm } from "@adjoint/backend-wasm";
import { type Feeds, compile } from "@adjoint/compiler";
import type { Graph, State } from "@adjoint/ir";
import { expect, test } from "vitest";
import { runConformance } from "./suite.ts";

// Node 20 has relaxed SIMD behind a flag, which counts from the next module on; newer versions have it on.
setFlagsFromString("--experimental-wasm-relaxed-simd");

test("the engine fuses multiply and add, so that both kinds of kernels run below", () => {
  expect(detectFeatures().relaxedSimd).toBe(true);
});

for (const deterministic of [true, false]) {
  const name = `wasm, ${deterministic ? "plain" : "fused"} multiply-add`;
  runConformance(name, async (graph: Graph, feeds: Feeds, state: State) => {
    await using session = await compile({ main: graph }, { backend: await wasm({ deterministic }), state });
    const outputs = await session.run("main", feeds);
    return { outputs, state: await session.state() };
  });
}
