import { describe, expect, test } from "vitest";
import { browserTitle, isMissing } from "./chromium.ts";
import { loadedScripts } from "./loaded.ts";

/** What pages load now, and some slack for small changes. */
const pages = [
  { kind: "plain", threads: 1, files: ["app.js", "library.js"], most: 97_000 },
  { kind: "isolated", threads: 2, files: ["app.js", "library.js", "threads.js", "worker.js"], most: 100_000 },
] as const;

describe.skipIf(isMissing)(`${browserTitle("a page that trains the MLP on WebAssembly")}`, () => {
  test.for(pages)(
    "with $threads threads loads at most $most bytes of code, minified and gzipped, where 60,000 is the goal",
    { timeout: 60_000 },
    async ({ kind, threads, files, most }, { annotate }) => {
      const loaded = await loadedScripts(kind, threads);
      const total = loaded.reduce((sum, { gzipped }) => sum + gzipped, 0);
      await annotate(`${total} bytes: ${loaded.map(({ file, gzipped }) => `${file} ${gzipped}`).join(", ")}`);
      expect(loaded.map(({ file }) => file).toSorted()).toEqual(files);
      expect(total).toBeLessThan(most);
    },
  );
});
