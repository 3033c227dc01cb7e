// A contestant's process: told its job at the start, it loads one library, shows its results, and then runs a burst
// whenever it is asked. Answers are lines of JSON on stdout; what libraries print goes to stderr.
import { createInterface } from "node:readline";
import type { ProcessJob } from "./child.ts";
import { readArrays } from "../tasks/folder.ts";
import type { ContestantName } from "../contestants/names.ts";
import type { Prepare } from "../contestants/runner.ts";
import { enter, turn } from "../contestants/turns.ts";

console.log = console.error;
console.info = console.error;
console.warn = console.error;

const job: ProcessJob = JSON.parse(process.argv[2] ?? "");

/** Each library in a module of its own, so that a process loads no other. */
const libraries: {
  readonly [name in Exclude<ContestantName<"node">, "pytorch">]: () => Promise<Prepare>;
} = {
  cpu: async () => (await import("../contestants/ours.ts")).prepareOwn("cpu"),
  wasm: async () => (await import("../contestants/ours.ts")).prepareOwn("wasm"),
  "wasm-fused": async () => (await import("../contestants/ours.ts")).prepareOwn("wasm-fused"),
  "wasm-wide": async () => (await import("../contestants/ours.ts")).prepareOwn("wasm-wide"),
  "wasm-ahead": async () => (await import("../contestants/ahead.ts")).prepareAhead(job.folder),
  "tfjs-cpu": async () => (await import("../contestants/peers/tfjs.ts")).prepareTfjs("cpu"),
  "tfjs-wasm": async () => (await import("../contestants/peers/tfjs-wasm.ts")).prepareTfjsWasm,
  "jax-js": async () => (await import("../contestants/peers/jax-js.ts")).prepareJax("wasm"),
  "onnxruntime-web": async () => (await import("../contestants/peers/onnxruntime-web.ts")).prepareOrtWeb,
  "onnxruntime-node": async () => (await import("../contestants/peers/onnxruntime-node.ts")).prepareOrtNode,
};

const answer = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);

// The parent only names contestants of the table.
const prepare = await libraries[job.contestant as keyof typeof libraries]();
const runner = await prepare(job, readArrays(job.folder));
answer(await enter(runner, job));
if (job.once) process.exit();
for await (const line of createInterface(process.stdin)) {
  const { burst }: { readonly burst: number } = JSON.parse(line);
  answer(await turn(runner, burst));
}
process.exit();
