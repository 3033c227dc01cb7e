import { wasm } from "@adjoint/backend-wasm";
import { mnist } from "@adjoint/datasets/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PageKind, Pages, browserTitle, isMissing } from "./chromium.ts";
import { BATCHES, trainMlp } from "./mlp.ts";
import type { BackendName } from "./task.ts";

interface Run {
  readonly kind: PageKind;
  readonly backend: BackendName;
  readonly threads: number;
  readonly steps: number;
}

const runs: readonly Run[] = [
  { kind: "plain", backend: "wasm", threads: 1, steps: 300 },
  { kind: "isolated", backend: "wasm", threads: 2, steps: 300 },
  { kind: "strict", backend: "wasm", threads: 2, steps: 300 },
  { kind: "plain", backend: "webgpu", threads: 1, steps: 300 },
];

/** The largest distance of the losses from those in Node: engines differ in fused multiply-add, and WebGPU sums in f32. */
const TOLERANCE = 1e-3;

describe.skipIf(isMissing)(`${browserTitle("in Chromium, the MLP learns MNIST as it does in Node")}`, () => {
  let pages: Pages;
  let inNode: readonly number[];
  beforeAll(async () => {
    pages = await Pages.open();
    using backend = await wasm({ threads: 1 });
    const { train } = await mnist();
    inNode = await trainMlp(backend, train.batches(BATCHES), 300);
  }, 120_000);
  afterAll(() => pages?.[Symbol.asyncDispose]());

  test.for(runs)(
    "$steps steps on $backend, on a page with $kind headers and $threads threads",
    // On the software driver of WebGPU a step takes a fifth of a second, and more where the machine does other work.
    { timeout: 600_000 },
    async ({ kind, backend, threads, steps }, { annotate }) => {
      const report = await pages.run(kind, { work: "training", ask: { backend, steps } });
      const losses = report.answer;
      const off = Math.max(...losses.map((loss, step) => Math.abs(loss - (inNode[step] ?? NaN))));
      const each = (report.milliseconds / steps).toFixed(1);
      await annotate(`losses differ by at most ${off.toExponential(1)}; ${each} ms a step`);
      expect(report).toMatchObject({ isolated: kind !== "plain", threads });
      expect(losses).toHaveLength(steps);
      expect(off).toBeLessThan(TOLERANCE);
      expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
    },
  );
});
