import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ConformanceOptions, subjects } from "../conformance/check.ts";
import { webgpuOptions } from "../conformance/webgpu.ts";
import { type PageKind, Pages, browserTitle, isMissing } from "./chromium.ts";
import type { BackendName } from "./task.ts";

interface Run {
  readonly kind: PageKind;
  readonly backend: BackendName;
  /** On how many it must run. */
  readonly threads: number;
  readonly options: ConformanceOptions;
}

const runs: readonly Run[] = [
  { kind: "plain", backend: "wasm", threads: 1, options: {} },
  { kind: "isolated", backend: "wasm", threads: 2, options: {} },
  { kind: "strict", backend: "wasm", threads: 2, options: {} },
  { kind: "strict", backend: "cpu", threads: 1, options: {} },
  { kind: "plain", backend: "webgpu", threads: 1, options: webgpuOptions },
];

/** The answer that is expected of a page. */
function expected({ skip }: ConformanceOptions): object {
  const skipped: { [reason: string]: number } = {};
  let passed = 0;
  for (const [subject, items] of subjects) {
    for (const item of items) {
      const reason = skip?.(item, subject);
      if (reason === undefined) passed++;
      else skipped[reason] = (skipped[reason] ?? 0) + 1;
    }
  }
  return { passed, skipped, failed: [] };
}

describe.skipIf(isMissing)(`${browserTitle("N2: in Chromium")}`, () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await Pages.open();
  }, 60_000);
  afterAll(() => pages?.[Symbol.asyncDispose]());

  test.for(runs)(
    "$backend conforms, on a page with $kind headers and $threads threads",
    { timeout: 180_000 },
    async ({ kind, backend, threads, options }, { annotate }) => {
      const report = await pages.run(kind, { work: "conformance", ask: { backend } });
      await annotate(`${(report.milliseconds / 1000).toFixed(1)} s`);
      expect(report.answer).toEqual(expected(options));
      expect(report).toMatchObject({ isolated: kind !== "plain", evaluates: kind !== "strict", threads });
    },
  );
});
