import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { vi } from "vitest";

/** A folder that is gone after the tests, within this package, so that blocks find what they import. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(fileURLToPath(new URL("../node_modules/.readme-", import.meta.url)));
  return { path, remove: () => rmSync(path, { recursive: true }) };
}

/** The TypeScript blocks of a page. */
export const blocksIn = (page: string): readonly string[] =>
  [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);

/** The TypeScript blocks of a package's README. */
export const blocksOf = (name: string): readonly string[] =>
  blocksIn(readFileSync(new URL(`../../packages/${name}/README.md`, import.meta.url), "utf8"));

let count = 0;

/** Runs a block with `runs/` in the folder. @returns the arguments of each `console.log`. */
export async function runBlock(folder: string, code: string): Promise<readonly (readonly unknown[])[]> {
  const file = join(folder, `block-${count++}.ts`);
  writeFileSync(file, code.replaceAll('"runs/', `"${folder}/runs/`));
  const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
  try {
    await import(pathToFileURL(file).href);
    return [...print.mock.calls];
  } finally {
    print.mockRestore();
  }
}
