// Runs the program from its sources in a process of its own, for tests that need one: no build has to come before.
import process from "node:process";
import { createViteServer } from "vitest/node";

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
await server.ssrLoadModule(new URL("../src/main.ts", import.meta.url).pathname);
await server.close();
process.exit();
