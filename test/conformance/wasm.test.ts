import { setFlagsFromString } from "node:v8";
import { type WasmBackend, detectFeatures, wasm } from "@adjoint/backend-wasm";
import { type Feeds, compile } from "@adjoint/compiler";
import type { Graph, State } from "@adjoint/ir";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Run } from "./check.ts";
import { inFull } from "../in-full.ts";
import { runConformance } from "./suite.ts";

// Node 20 has relaxed SIMD behind a flag, which counts from the next module on; newer versions have it on.
if (Number.parseInt(process.versions.node, 10) < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");

test("the engine fuses multiply and add, so that both kinds of kernels run below", () => {
  expect(detectFeatures().relaxedSimd).toBe(true);
});

/** Runs a case in a session of its own. */
const inSession =
  (backend: () => WasmBackend): Run =>
  async (graph: Graph, feeds: Feeds, state: State) => {
    await using session = await compile({ main: graph }, { backend: backend(), state });
    const outputs = await session.run("main", feeds);
    return { outputs, state: await session.state() };
  };

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
    // All cases on one thread with plain kernels; the other kinds have the same forms.
    runConformance(
      name,
      inSession(() => backend),
      { share: threads === 1 && deterministic ? 1 : 3 },
    );
  }
}

const fail = (): never => {
  throw new Error("no backend has been opened");
};

// Each case with one number of threads; `pnpm test:full` runs all cases with all of them.
const checkedThreads = inFull ? [[1], [2], [3]] : [[1, 2, 3]];
for (const numbers of checkedThreads) {
  const backends: WasmBackend[] = [];
  beforeAll(async () => {
    for (const threads of numbers)
      backends.push(await wasm({ checked: true, threads, deterministic: threads === 2 }));
  });
  let turn = 0;
  runConformance(
    `wasm, checked memory, ${numbers.length === 1 ? `${numbers[0]} threads` : "1, 2 or 3 threads by turns"}`,
    inSession(() => backends[turn++ % backends.length] ?? fail()),
    { share: 2 },
  );
}
