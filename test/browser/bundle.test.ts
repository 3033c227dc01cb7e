import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type BuiltFile, bundle, contentOf } from "./site.ts";

/** What we want a page that trains the MLP on WebAssembly to load, data aside. */
const GOAL = 60_000;
/** What it loads now, and some slack for small changes. */
const MOST = 1.05 * 139_200;

const compressed = (file: BuiltFile): number => gzipSync(contentOf(file), { level: 9 }).length;

/** Characters of code by package, before they are minified. */
function byPackage(files: readonly BuiltFile[]): { readonly [name: string]: number } {
  const sizes: { [name: string]: number } = {};
  const modules = files.flatMap((file) => (file.type === "chunk" ? Object.entries(file.modules) : []));
  for (const [id, { renderedLength }] of modules) {
    const [, ours, theirs] = /\/packages\/([^/]+)\/|.*\/node_modules\/([^/]+)\//.exec(id) ?? [];
    const name = ours ?? theirs ?? "page";
    sizes[name] = (sizes[name] ?? 0) + renderedLength;
  }
  return sizes;
}

describe("a page that trains the MLP on WebAssembly", () => {
  test(`loads at most ${Math.round(MOST / 1000)} kB of code, minified and gzipped (the goal is ${GOAL / 1000} kB)`, async () => {
    const files = await bundle("app.ts");
    const total = files.reduce((sum, file) => sum + compressed(file), 0);
    const sizes = byPackage(files);
    const all = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    const shares = Object.entries(sizes)
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, size]) => `${name} ${((100 * size) / all).toFixed(0)} %`);
    console.info(`${(total / 1000).toFixed(1)} kB, by package: ${shares.join(", ")}`);
    // The worker is there, and what the page has no use for is not.
    expect(files.map(({ fileName }) => fileName.replace(/-.*\./, "."))).toEqual([
      "assets/app.js",
      "assets/worker.js",
    ]);
    expect(Object.keys(sizes)).not.toContain("backend-cpu");
    expect(Object.keys(sizes)).toEqual(expect.arrayContaining(["ir", "compiler", "backend-wasm"]));
    expect(total).toBeLessThan(MOST);
  });
});
