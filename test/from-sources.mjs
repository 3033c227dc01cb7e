// Runs a module of the project from its sources in a process of its own: no build has to come before.
// node test/from-sources.mjs [--list] FILE [ARGUMENT…]; with --list a line of JSON at the end names the files that were run.
import { writeSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { createViteServer } from "vitest/node";

const lists = process.argv[2] === "--list";
const [file = "", ...rest] = process.argv.slice(lists ? 3 : 2);
const path = resolve(file);
// What the module sees is its own name and its own arguments.
process.argv = [process.execPath, path, ...rest];

const conditions = ["@adjoint/source", "module", "node", "development|production"];
const server = await createViteServer({
  configFile: false,
  appType: "custom",
  logLevel: "error",
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  // Node 20 has no `await using`.
  oxc: { target: "node20" },
  optimizeDeps: { noDiscovery: true },
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@adjoint/source"] } },
});
if (lists)
  process.on("exit", () => {
    // The graph has files too that might be loaded later.
    const files = [...server.environments.ssr.moduleGraph.idToModuleMap];
    const loaded = files.filter(([, { transformResult }]) => transformResult !== null).map(([name]) => name);
    writeSync(1, `${JSON.stringify({ loaded })}\n`);
  });
await server.ssrLoadModule(path);
await server.close();
