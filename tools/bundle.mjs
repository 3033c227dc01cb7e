// Writes the JavaScript of packages: `dist/<entry>.js` for each entry of `exports`, with all of a package's own modules in
// one file, so that a program starts without opening hundreds of files.
// Beside it `THIRD-PARTY-NOTICES.txt`, the licences of what it holds of others.
// Types come to lie beside it by `tsc -b`. Bundles the packages in the folders given, else all.
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { noticesOf } from "./notices.mjs";

/** Our own modules; zod/mini, a hundred files of which we use a few functions; and what newer syntax becomes. */
const isInlined = (/** @type {string} */ id) =>
  id.startsWith(".") || isAbsolute(id) || id === "zod/mini" || id.startsWith("@oxc-project/runtime");

/**
 * Entries that are bundled each by itself. Together with the others, what they share would be files of its own, which all
 * programs would open; they are for programs that load only them.
 */
const APART = new Set(["artifact"]);

/**
 * Gives the names of the files that it wrote and the modules in them.
 * @type {(folder: string, entries: readonly (readonly [string, string])[]) => Promise<{ files: readonly string[], modules: readonly string[] }>}
 */
async function bundle(folder, entries) {
  if (entries.length === 0) return { files: [], modules: [] };
  const made = await rolldown({
    cwd: folder,
    input: Object.fromEntries(entries),
    platform: "neutral",
    external: (id) => !isInlined(id),
    // That of tsconfig.base.json, which Node 20 runs.
    transform: { target: "es2023" },
    resolve: { mainFields: ["module", "main"] },
  });
  const { output } = await made.write({
    dir: "dist",
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    sourcemap: true,
  });
  await made.close();
  return {
    files: output.map(({ fileName }) => fileName),
    modules: output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : [])),
  };
}

/** @type {(folder: string) => Promise<void>} */
async function bundlePackage(folder) {
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  /** @type {(readonly [string, string])[]} */
  const entries = [];
  for (const entry of Object.values(exports)) {
    if (typeof entry === "string") continue;
    entries.push([basename(entry.default, ".js"), entry["@adjoint/source"]]);
  }
  const together = entries.filter(([name]) => !APART.has(name));
  const apart = entries.filter(([name]) => APART.has(name)).map((entry) => [entry]);
  const written = await Promise.all([together, ...apart].map((some) => bundle(folder, some)));
  // Names have hashes: what an earlier build wrote would stay, and be published.
  const files = new Set(written.flatMap((one) => one.files));
  const dist = join(folder, "dist");
  for (const name of readdirSync(dist))
    if (/\.js(\.map)?$/.test(name) && !files.has(name)) rmSync(join(dist, name));
  const notices = join(dist, "THIRD-PARTY-NOTICES.txt");
  const text = noticesOf(written.flatMap((one) => one.modules));
  if (text === "") rmSync(notices, { force: true });
  else writeFileSync(notices, text);
}

const packages = fileURLToPath(new URL("../packages", import.meta.url));
const given = process.argv.slice(2);
// Ids of modules are absolute, so that they are told from names of packages.
const folders =
  given.length > 0
    ? given.map((folder) => resolve(folder))
    : readdirSync(packages).map((name) => join(packages, name));
await Promise.all(folders.map(bundlePackage));
