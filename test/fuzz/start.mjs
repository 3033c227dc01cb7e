// `pnpm fuzz`: bundles the fuzzer with the packages' sources, no build before, and runs it. A module runner, which looks up every
// imported name at each use, takes 1.5 times as long.
import { setFlagsFromString } from "node:v8";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

// Most functions meet new kinds of operands all the time: compiling them again and again takes more than it saves.
// Newer versions know no such flag.
if (Number.parseInt(process.versions.node, 10) < 24) setFlagsFromString("--interrupt-budget=1000000");

const here = import.meta.dirname;
const conditions = ["@adjoint/source", "module", "node", "development"];

/** `import.meta` of each module stays what it was before bundling. */
const places = {
  name: "places",
  transform: {
    filter: { code: "import.meta" },
    handler: (/** @type {string} */ code, /** @type {string} */ id) =>
      code
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href))
        .replaceAll("import.meta.dirname", JSON.stringify(join(id, ".."))),
  },
};

const made = await rolldown({
  input: join(here, "main.ts"),
  platform: "node",
  // Compiled code of its own.
  external: ["webgpu"],
  // Node 20 has no `await using`.
  transform: { target: "node20" },
  resolve: { conditionNames: conditions },
  plugins: [places],
  logLevel: "silent",
});
// Where "webgpu" is found.
const folder = join(here, "../node_modules/.cache/fuzz");
const { output } = await made.write({ dir: folder, format: "esm", codeSplitting: false });
await made.close();
await import(pathToFileURL(join(folder, output[0].fileName)).href);
