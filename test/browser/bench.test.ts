import { Chromium, chromiumPlace, dataOf, expectedOf, runGroup } from "@adjoint/bench";
import { describe, expect, test } from "vitest";
import { browserTitle, isMissing } from "./chromium.ts";

describe.skipIf(isMissing)(`${browserTitle("the bench in Chromium")}`, () => {
  test(
    "ours and a peer agree with plain loops on WebGPU, and both are timed",
    { timeout: 120_000 },
    async () => {
      const task = { kind: "softmax", rows: 6, columns: 9 } as const;
      await using chromium = await Chromium.open();
      const { major, adapter, starter } = await chromiumPlace(chromium);
      const outcomes = await runGroup({
        workload: { task, about: "softmax of a few rows" },
        entrants: [
          { name: "webgpu", threads: 1 },
          { name: "jax-js-webgpu", threads: 1 },
        ],
        major,
        rounds: 1,
        limit: 60,
        expected: expectedOf(task, dataOf(task)),
        starter: (name) => starter(name, ""),
      });
      expect(adapter).toMatch(/swiftshader/i);
      expect(outcomes).toMatchObject([{ name: "webgpu" }, { name: "jax-js-webgpu" }]);
      for (const { note, milliseconds } of outcomes) {
        expect(note).toBeUndefined();
        expect(milliseconds).toBeGreaterThan(0);
      }
    },
  );
});
