import { gzipSync } from "node:zlib";
import { launchChromium } from "@adjoint/bench";
import { type PageKind, headers } from "./chromium.ts";
import type { trainMlp } from "./mlp.ts";
import type { wasm } from "@adjoint/backend-wasm";
import { serve } from "./server.ts";
import { bundle, contentOf } from "./site.ts";

/** A script that a page asked for. */
export interface LoadedScript {
  /** Its name without the hash, such as `app.js`. */
  readonly file: string;
  /** Bytes, minified and gzipped. */
  readonly gzipped: number;
}

/** What `page/app.ts` leaves on a page. */
interface App {
  readonly wasm: typeof wasm;
  readonly trainMlp: typeof trainMlp;
}

/** Steps of the training: the program is compiled in the first. */
const STEPS = 3;

/**
 * Opens a page that trains the MLP on WebAssembly, and lists the scripts that Chromium asks for until it has.
 * @param kind pages without isolation have one thread.
 * @param threads how many threads the page asks for.
 */
export async function loadedScripts(kind: PageKind, threads: number): Promise<readonly LoadedScript[]> {
  const files = await bundle("app.html");
  await using server = await serve(files, headers[kind]);
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const asked = new Set<string>();
    // Of the whole context, since a worker's script is no request of the page's.
    page.context().on("request", (request) => asked.add(new URL(request.url()).pathname.slice(1)));
    await page.goto(`${server.origin}/app.html`);
    await page.evaluate(train, { threads, steps: STEPS });
    return files.flatMap((file) =>
      asked.has(file.fileName) && file.fileName.endsWith(".js")
        ? [
            {
              file: file.fileName.replace(/^assets\/|-[\w-]{8}(?=\.js$)/g, ""),
              gzipped: gzipSync(contentOf(file), { level: 9 }).length,
            },
          ]
        : [],
    );
  } finally {
    await browser.close();
  }
}

/** Runs on the page, and so can't use what is around it here. */
async function train({
  threads,
  steps,
}: {
  readonly threads: number;
  readonly steps: number;
}): Promise<void> {
  // `page/app.ts` put them there.
  const app = globalThis as unknown as App;
  const backend = await app.wasm({ threads });
  const deadline = performance.now() + 10_000;
  while (crossOriginIsolated && backend.threads < threads && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 1));
  const size = 100;
  const examples = {
    images: { data: new Float32Array(size * 28 * 28).fill(0.5), shape: [size, 28, 28] },
    labels: { data: new Int32Array(size), shape: [size] },
  };
  const losses = await app.trainMlp(
    backend,
    Array.from({ length: steps }, () => examples),
    steps,
  );
  backend[Symbol.dispose]();
  if (!((losses.at(-1) ?? Infinity) < (losses[0] ?? 0)))
    throw new Error(`the loss did not fall: ${losses.join()}`);
}
