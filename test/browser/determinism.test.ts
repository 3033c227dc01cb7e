import { wasm } from "@adjoint/backend-wasm";
import { mnist } from "@adjoint/datasets/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PageKind, Pages, browserTitle, isMissing } from "./chromium.ts";
import { digests } from "./digests.ts";
import { BATCHES, trainMlp } from "./mlp.ts";

const kinds: readonly PageKind[] = ["plain", "isolated"];
const STEPS = 50;

describe.skipIf(isMissing)(
  `${browserTitle("deterministic WebAssembly gives the bits of Node in Chromium")}`,
  () => {
    let pages: Pages;
    let inNode: { readonly digests: object; readonly training: readonly number[] };
    beforeAll(async () => {
      pages = await Pages.open();
      using backend = await wasm({ threads: 1, deterministic: true });
      const { train } = await mnist();
      inNode = {
        digests: await digests(backend),
        training: await trainMlp(backend, train.batches(BATCHES), STEPS),
      };
    }, 120_000);
    afterAll(() => pages?.[Symbol.asyncDispose]());

    test.for(kinds)(
      "for every conformance case, on a page with %s headers",
      { timeout: 180_000 },
      async (kind) => {
        const { answer } = await pages.run(kind, { work: "digests", ask: { backend: "wasmPlain" } });
        expect(Object.keys(answer).length).toBeGreaterThan(1000);
        expect(answer).toEqual(inNode.digests);
      },
    );

    test.for(kinds)(
      "for each loss of a training, on a page with %s headers",
      { timeout: 180_000 },
      async (kind) => {
        const ask = { backend: "wasmPlain", steps: STEPS } as const;
        expect((await pages.run(kind, { work: "training", ask })).answer).toEqual(inNode.training);
      },
    );
  },
);
