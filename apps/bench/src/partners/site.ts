import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type InlineConfig, build, preview } from "vite";
import { ownVersion } from "../contestants/version.ts";

/** The contestants' page, served on this machine. */
export interface Site extends AsyncDisposable {
  readonly address: string;
}

/** From `dist` and from `src` alike, the page is in `src`. */
const configOf = (outDir: string): InlineConfig => ({
  root: fileURLToPath(new URL("../../src/page", import.meta.url)),
  configFile: false,
  logLevel: "error",
  resolve: { conditions: ["@adjoint/source", "module", "browser", "development|production"] },
  define: { ADJOINT_VERSION: JSON.stringify(ownVersion()) },
  build: {
    outDir,
    target: "esnext",
    // Names stay readable in messages.
    minify: false,
    modulePreload: false,
    chunkSizeWarningLimit: 10_000,
  },
  preview: {
    host: "127.0.0.1",
    // Clocks are finer on isolated pages.
    headers: {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    },
  },
});

/** Builds the page and all libraries that it may load, and serves them. */
export async function openSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-bench-page-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const config = configOf(folder);
    await build(config);
    const server = await preview(config);
    return {
      address: server.resolvedUrls?.local[0] ?? "",
      [Symbol.asyncDispose]: async () => {
        await server.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
