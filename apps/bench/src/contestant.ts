// A contestant's process: told its job at the start, it loads one library, shows its results, and then runs a burst
// whenever it is asked. Answers are lines of JSON on stdout; what libraries print goes to stderr.
import { createInterface } from "node:readline";
import { sampled } from "./arrays.ts";
import type { OwnName } from "./ours.ts";
import type { PeerName } from "./peers/names.ts";
import type { Prepare, Runner } from "./runner.ts";
import type { Job, Task } from "./task.ts";

console.log = console.error;
console.info = console.error;
console.warn = console.error;

/** Each library in a module of its own, so that a process loads no other. */
const libraries: { readonly [name in OwnName | Exclude<PeerName, "pytorch">]: () => Promise<Prepare> } = {
  cpu: async () => (await import("./ours.ts")).prepareOwn("cpu"),
  wasm: async () => (await import("./ours.ts")).prepareOwn("wasm"),
  "wasm-fused": async () => (await import("./ours.ts")).prepareOwn("wasm-fused"),
  "wasm-wide": async () => (await import("./ours.ts")).prepareOwn("wasm-wide"),
  "tfjs-cpu": async () => (await import("./peers/tfjs.ts")).prepareTfjs("cpu"),
  "tfjs-wasm": async () => (await import("./peers/tfjs.ts")).prepareTfjs("wasm"),
  "jax-js": async () => (await import("./peers/jax-js.ts")).prepareJax,
  "onnxruntime-web": async () => (await import("./peers/onnxruntime-web.ts")).prepareOrtWeb,
  "onnxruntime-node": async () => (await import("./peers/onnxruntime-node.ts")).prepareOrtNode,
};

/** Engines compile hot code while this long passes. */
const WARM_UP = 400;

/** What is compared with the reference: the losses of the first steps, or elements of the result of one. */
async function check(runner: Runner, task: Task): Promise<readonly number[]> {
  if (task.kind === "train") {
    const losses: number[] = [];
    for (let step = 0; step < task.checkedSteps; step++) losses.push((await runner.step()) ?? Number.NaN);
    return losses;
  }
  await runner.step();
  return sampled((await runner.result?.()) ?? []);
}

/** Steps until at least `milliseconds` have passed, and at least one; milliseconds of a step. */
async function burst(runner: Runner, milliseconds: number): Promise<number> {
  const start = performance.now();
  let [steps, passed] = [0, 0];
  while (passed < milliseconds) {
    await runner.step();
    steps++;
    passed = performance.now() - start;
  }
  return passed / steps;
}

const answer = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);

async function prepare(job: Job): Promise<Runner> {
  // The parent only names contestants of the table.
  const load = libraries[job.contestant as keyof typeof libraries];
  return (await load())(job);
}

const job: Job = JSON.parse(process.argv[2] ?? "");
const runner = await prepare(job);
if (job.once) {
  await runner.step();
  answer({ version: runner.version });
  process.exit();
}
const started = performance.now();
const values = await check(runner, job.task);
await burst(runner, Math.max(1, WARM_UP - (performance.now() - started)));
answer({ version: runner.version, values });
for await (const line of createInterface(process.stdin)) {
  const { burst: milliseconds }: { readonly burst: number } = JSON.parse(line);
  // The machine's speed drifts: the peak is that of both ends of the burst.
  const before = runner.peak?.();
  const each = await burst(runner, milliseconds);
  const after = runner.peak?.();
  answer({
    milliseconds: each,
    ...(before !== undefined && after !== undefined && { peak: (before + after) / 2 }),
  });
}
process.exit();
