// Runs a step on two threads and comes to its end, leaving the workers as they are.
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
const { wasm, compile, input, program } = await server.ssrLoadModule(
  new URL("ends-exports.ts", import.meta.url).pathname,
);
const backend = await wasm({ threads: 2 });
while (backend.threads < 2) await new Promise((resolve) => setTimeout(resolve, 1));
const x = input("x", "f32", [1_000_000]);
const main = program({ inputs: { x }, outputs: { y: x.mul(3).reduceSum() } });
const session = await compile({ main }, { backend });
const { y } = await session.run("main", { x: new Float32Array(1_000_000).fill(1) });
console.log(`${backend.threads} threads, sum ${y.item()}`);
await server.close();
