import { gzipSync } from "node:zlib";
import { launchChromium } from "@adjoint/bench";
import { type PageKind, headers } from "./chromium.ts";
import { serve } from "./server.ts";
import { type SiteFile, bundle } from "./site.ts";

/** A file that a page asked for. */
export interface LoadedFile {
  /** Its name without the hash, such as `app.js`. */
  readonly file: string;
  /** Bytes, minified and gzipped. */
  readonly gzipped: number;
}

/** The results that `page/app.ts` and `page/artifact.ts` leave on their pages. */
export interface SmallPage {
  /** Trains the MLP on batches of bars of a size, from seed 1. @returns the loss of each step. */
  readonly train: (options: TrainOptions) => Promise<number[]>;
}

export interface TrainOptions {
  /** The number that the page asks for; pages without isolation have one. */
  readonly threads: number;
  readonly size: number;
  readonly steps: number;
}

/**
 * Opens a page, trains the MLP there, and lists the code that Chromium asks for until that is done.
 * @param page an HTML file in `page/`.
 * @param files that the server has beside the page's own.
 */
export async function trainOnPage(
  page: string,
  kind: PageKind,
  options: TrainOptions,
  files: readonly SiteFile[] = [],
): Promise<{ readonly loaded: readonly LoadedFile[]; readonly losses: readonly number[] }> {
  const site = [...(await bundle(page)), ...files];
  await using server = await serve(site, headers[kind]);
  const browser = await launchChromium();
  try {
    const tab = await browser.newPage();
    const asked = new Set<string>();
    // Of the whole context, since a worker's script is not a request of the page's.
    tab.context().on("request", (request) => asked.add(new URL(request.url()).pathname.slice(1)));
    await tab.goto(`${server.origin}/${page}`);
    const losses = await tab.evaluate(train, options);
    const loaded = site
      .filter(({ fileName }) => asked.has(fileName) && fileName !== page)
      .map(({ fileName, content }) => ({
        file: fileName.replace(/^assets\/|-[\w-]{8}(?=\.js$)/g, ""),
        gzipped: gzipSync(content, { level: 9 }).length,
      }));
    return { loaded, losses };
  } finally {
    await browser.close();
  }
}

/** Runs on the page, and so can't use what is around it here. */
function train(options: TrainOptions): Promise<number[]> {
  // The page put it there.
  return (globalThis as unknown as SmallPage).train(options);
}
