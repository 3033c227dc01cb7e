// A contestant's process from sources, which at its end tells the files of ours that it loaded: a line of JSON after its answers.
import { writeSync } from "node:fs";
import process from "node:process";
import { createViteServer } from "vitest/node";

const conditions = ["@adjoint/source", "module", "node", "development|production"];
const server = await createViteServer({
  configFile: false,
  appType: "custom",
  logLevel: "error",
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@adjoint/source"] } },
});
process.on("exit", () => {
  // The graph has files too that might be loaded later.
  const files = [...server.environments.ssr.moduleGraph.idToModuleMap];
  const loaded = files.filter(([, { transformResult }]) => transformResult !== null).map(([file]) => file);
  writeSync(1, `${JSON.stringify({ loaded })}\n`);
});
await server.ssrLoadModule(new URL("../src/contestant.ts", import.meta.url).pathname);
