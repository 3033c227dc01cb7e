import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const bundler = fileURLToPath(new URL("../../tools/bundle.mjs", import.meta.url));
const zod = dirname(
  createRequire(new URL("../../packages/ir/package.json", import.meta.url)).resolve("zod/package.json"),
);

/** The bundler's output for a package of this one source. */
function bundled(source: string): { readonly [file: string]: string } {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-bundle-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ["src", "dist", "node_modules"]) mkdirSync(join(folder, name));
  symlinkSync(zod, join(folder, "node_modules/zod"));
  const entry = { "@adjoint/source": "./src/index.ts", default: "./dist/index.js" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", exports: { ".": entry } }));
  writeFileSync(join(folder, "src/index.ts"), source);
  execFileSync(process.execPath, [bundler, folder]);
  const dist = join(folder, "dist");
  return Object.fromEntries(readdirSync(dist).map((file) => [file, readFileSync(join(dist, file), "utf8")]));
}

test("a bundle that holds parts of another package carries that package's licence", () => {
  const files = bundled(`import { string } from "zod/mini"; export const text = string();`);
  const license = readFileSync(join(zod, "LICENSE"), "utf8").trim();
  expect(files["index.js"]).not.toContain("zod/mini");
  expect(files["THIRD-PARTY-NOTICES.txt"]).toContain(`parts of zod `);
  expect(files["THIRD-PARTY-NOTICES.txt"]).toContain(license);
});

test("a bundle that holds what newer syntax becomes carries the bundler's licence", () => {
  const files = bundled(`export function close(thing: Disposable) { using held = thing; return held; }`);
  expect(files["THIRD-PARTY-NOTICES.txt"]).toContain("parts of rolldown ");
  expect(files["THIRD-PARTY-NOTICES.txt"]).toContain("Permission is hereby granted");
});

test("a bundle of our own modules carries none", () => {
  expect(Object.keys(bundled(`export const one = 1;`)).toSorted()).toEqual(["index.js", "index.js.map"]);
});
