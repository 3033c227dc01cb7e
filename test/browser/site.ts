import { fileURLToPath } from "node:url";
import { build } from "vite";

/** A file of a site, by its path without the slash before it. */
export interface SiteFile {
  readonly fileName: string;
  readonly content: string | Uint8Array;
}

/**
 * Bundles a page or a script of `page/` with all that it imports, from the packages' sources.
 * @param entry a file name in `page/`.
 */
export async function bundle(entry: string): Promise<readonly SiteFile[]> {
  const root = fileURLToPath(new URL("page", import.meta.url));
  const result = await build({
    root,
    configFile: false,
    logLevel: "warn",
    resolve: { conditions: ["@adjoint/source", "module", "browser", "development|production"] },
    worker: { format: "es" },
    build: {
      write: false,
      // Syntax that Chromium runs as it is, with top-level await and `await using`.
      target: "esnext",
      modulePreload: false,
      chunkSizeWarningLimit: 10_000,
      rolldownOptions: {
        input: `${root}/${entry}`,
        // Of the library, what a page loads at first is one file. The page's own code is another: parts that load later
        // import from the library's, and would wait for a file that awaits them at its top level.
        output: {
          codeSplitting: {
            groups: [{ name: "library", tags: ["$initial"], test: /\/(packages|node_modules)\// }],
          },
        },
      },
    },
  });
  if (!("output" in result)) throw new Error(`the build of ${entry} gave more than one bundle`);
  return result.output.map((file) => ({
    fileName: file.fileName,
    content: file.type === "chunk" ? file.code : file.source,
  }));
}
