import { buildArtifact, wasm } from "@adjoint/backend-wasm";
import { describe, expect, test } from "vitest";
import { type PageKind, browserTitle, isMissing } from "./chromium.ts";
import { type LoadedFile, trainOnPage } from "./small-page.ts";
import { declareMlp, trainMlp } from "./mlp.ts";
import type { SiteFile } from "./site.ts";
import { barBatches } from "./steps.ts";

const SIZE = 100;
const STEPS = 20;

/** Bytes that pages load now, and some slack for small changes: with what was compiled ahead of time, */
const MOST = 30_500;
/** and where they compile what they declare. */
const compiling = [
  { kind: "plain", threads: 1, files: ["app.js", "library.js"], most: 122_000 },
  { kind: "isolated", threads: 2, files: ["app.js", "library.js", "worker.js"], most: 122_600 },
] as const;

const totalOf = (loaded: readonly LoadedFile[]): number =>
  loaded.reduce((sum, { gzipped }) => sum + gzipped, 0);
const textOf = (loaded: readonly LoadedFile[]): string =>
  `${totalOf(loaded)} bytes: ${loaded.map(({ file, gzipped }) => `${file} ${gzipped}`).join(", ")}`;

describe.skipIf(isMissing)(
  `${browserTitle("the code of a page that trains the MLP on WebAssembly, minified and gzipped")}`,
  { timeout: 60_000 },
  () => {
    test.for<PageKind>(["plain", "isolated", "strict"])(
      `is at most ${MOST} bytes where it was compiled ahead of time, and its losses are Node's bit for bit (%s headers)`,
      async (kind, { annotate }) => {
        const artifact: SiteFile = {
          fileName: "mlp.adjoint",
          content: buildArtifact(declareMlp(), { sizes: [{ batch: SIZE }], threads: 2 }),
        };
        const options = { threads: 2, size: SIZE, steps: STEPS };
        const { loaded, losses } = await trainOnPage("artifact.html", kind, options, [artifact]);
        await annotate(textOf(loaded));
        const files = [
          "artifact.js",
          "library.js",
          "mlp.adjoint",
          ...(kind === "plain" ? [] : ["worker.js"]),
        ];
        expect(loaded.map(({ file }) => file).toSorted()).toEqual(files);
        expect(totalOf(loaded)).toBeLessThanOrEqual(MOST);
        using backend = await wasm({ threads: 1, deterministic: true });
        expect(losses).toEqual(await trainMlp(backend, barBatches(SIZE), STEPS));
      },
    );

    test.for(compiling)(
      "is less than $most bytes where it is compiled on the page, for $threads threads",
      async ({ kind, threads, files, most }, { annotate }) => {
        const { loaded, losses } = await trainOnPage("app.html", kind, {
          threads,
          size: SIZE,
          steps: STEPS,
        });
        await annotate(textOf(loaded));
        expect(loaded.map(({ file }) => file).toSorted()).toEqual(files);
        expect(totalOf(loaded)).toBeLessThan(most);
        expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
      },
    );
  },
);
