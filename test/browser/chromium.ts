import { existsSync } from "node:fs";
import { DEBIAN_CHROMIUM, launchChromium } from "@adjoint/bench";
import type { Browser } from "playwright-core";
import { type Server, serve } from "./server.ts";
import { bundle } from "./site.ts";
import type { Failure, Report, Task, Works } from "./task.ts";

/** Why tests in a browser can't run here; undefined if they can. */
const missing: string | undefined = existsSync(DEBIAN_CHROMIUM)
  ? undefined
  : `no ${DEBIAN_CHROMIUM}: apt-get install chromium`;

export const isMissing: boolean = missing !== undefined;

/** The title of a test in a browser: with the reason if it is left out. */
export const browserTitle = (title: string): string =>
  missing === undefined ? title : `${title} (skipped: ${missing})`;

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** The headers that the server sends with its pages. */
export const headers = {
  plain: {},
  isolated: isolation,
  /** No code but the site's own files; WebAssembly, but no functions from text. */
  strict: {
    ...isolation,
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
  },
} as const;

export type PageKind = keyof typeof headers;

/** A browser, and the page of `page/index.html` under each kind of headers. */
export class Pages implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #servers: { readonly [K in PageKind]: Server };

  private constructor(browser: Browser, servers: { readonly [K in PageKind]: Server }) {
    this.#browser = browser;
    this.#servers = servers;
  }

  static async open(): Promise<Pages> {
    const files = await bundle("index.html");
    const [plain, isolated, strict] = await Promise.all([
      serve(files, headers.plain),
      serve(files, headers.isolated),
      serve(files, headers.strict),
    ]);
    return new Pages(await launchChromium(), { plain, isolated, strict });
  }

  /**
   * Opens a page of its own for a task.
   * @throws Error with what went wrong on the page.
   */
  async run<W extends keyof Works>(kind: PageKind, task: Task<W>): Promise<Report<W>> {
    const page = await this.#browser.newPage();
    const address = `${this.#servers[kind].origin}/index.html?${encodeURIComponent(JSON.stringify(task))}`;
    try {
      return await new Promise<Report<W>>((resolve, reject) => {
        const answer = (report: Report<W> | Failure): void =>
          "error" in report ? reject(new Error(report.error)) : resolve(report);
        page.on("pageerror", reject);
        page.on("crash", () => reject(new Error("the page crashed")));
        // Functions given to a page go around its policy; text that a test evaluates there would lift it.
        page
          .exposeFunction("report", answer)
          .then(() => page.goto(address))
          .catch(reject);
      });
    } finally {
      await page.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await Promise.all(Object.values(this.#servers).map((server) => server[Symbol.asyncDispose]()));
  }
}
