import { existsSync, readdirSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { input, program } from "@adjoint/ir";

// node --expose-gc test/from-sources.mjs test/integration/thousand-backends.ts: prints what the process holds before and after.
const x = input("x", "f32", [64, 64]);
const main = program({ inputs: { x }, outputs: { y: x.matMul(x).tanh() } });
const feeds = { x: new Float32Array(64 * 64).fill(0.01) };

/** Opens backends of two threads one after another, runs a program that both share, and closes them. */
async function open(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    using backend = await wasm({ threads: 2, shareFrom: 0 });
    await using session = await compile({ main }, { backend });
    await session.run("main", feeds);
  }
}

const entriesOf = (folder: string): number => (existsSync(folder) ? readdirSync(folder).length : 0);

/** The process's resources after garbage collection: megabytes, and the number of each kind. Files and threads on Linux. */
async function held(): Promise<object> {
  for (let round = 0; round < 4; round++) {
    gc?.();
    await setTimeout(250);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  // The type of a report is any object.
  const { libuv } = process.report.getReport() as { readonly libuv: readonly unknown[] };
  return {
    handles: libuv.length,
    files: entriesOf("/proc/self/fd"),
    threads: entriesOf("/proc/self/task"),
    resident: rss / 2 ** 20,
    heap: (heapUsed + external) / 2 ** 20,
  };
}

await open(50);
const before = await held();
await open(1000);
console.log(JSON.stringify({ before, after: await held() }));
process.exit();
