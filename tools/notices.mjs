// The licences of what a bundle holds of other packages: their authors allow copies that carry them.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * The folder of the package that a module belongs to: the nearest above it whose package.json has a name and a version.
 * @type {(module: string) => string}
 */
function packageFolder(module) {
  for (let folder = dirname(module); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file)) {
      const { name, version } = JSON.parse(readFileSync(file, "utf8"));
      if (name !== undefined && version !== undefined) return folder;
    }
    if (folder === dirname(folder)) throw new Error(`${module} belongs to no package`);
  }
}

/**
 * What must go with a bundle of these modules; empty if all of them are our own.
 * @type {(modules: readonly string[]) => string}
 */
export function noticesOf(modules) {
  const foreign = modules.filter((module) => module.includes("node_modules"));
  // What newer syntax becomes is code that the bundler brings itself.
  if (modules.some((module) => module.includes("@oxc-project")))
    foreign.push(createRequire(import.meta.url).resolve("rolldown/package.json"));
  const folders = [...new Set(foreign.map(packageFolder))].toSorted();
  return folders
    .map((folder) => {
      const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const license = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
      if (license === undefined) throw new Error(`${name} is part of the bundle and has no licence file`);
      const text = readFileSync(join(folder, license), "utf8").trim();
      return `This package contains parts of ${name} ${version}, which come under this licence:\n\n${text}\n`;
    })
    .join("\n\n");
}
