// A contestant's page: it loads one library, shows its results, and then runs a burst whenever it is asked.
import type { ContestantName } from "../contestants/names.ts";
import type { Prepare, Runner } from "../contestants/runner.ts";
import { enter, turn } from "../contestants/turns.ts";
import { dataOf } from "../tasks/workloads/kinds.ts";
import "./api.ts";

/** Each library in a module of its own, so that a page loads no other. */
const libraries: { readonly [name in ContestantName<"chromium">]: () => Promise<Prepare> } = {
  webgpu: async () => (await import("./webgpu.ts")).prepareWebgpu,
  "tfjs-webgpu": async () => (await import("./tfjs-webgpu.ts")).prepareTfjsWebgpu,
  "jax-js-webgpu": async () => (await import("../contestants/peers/jax-js.ts")).prepareJax("webgpu"),
  "onnxruntime-webgpu": async () => (await import("./onnxruntime-webgpu.ts")).prepareOrtWebgpu,
};

let runner: Runner | undefined;

globalThis.contestant = {
  adapter: async () => {
    // Not every page has WebGPU.
    const adapter = await (navigator.gpu as GPU | undefined)?.requestAdapter();
    if (adapter === undefined || adapter === null) return undefined;
    const { vendor, architecture, device, description } = adapter.info;
    return [vendor, architecture, device, description].filter((word) => word !== "").join(" ");
  },
  enter: async (name, job) => {
    const prepare = await libraries[name]();
    // Data come from a seed and exact arithmetic: they are the same on every page.
    runner = await prepare(job, dataOf(job.task));
    return enter(runner, job);
  },
  turn: (milliseconds) => {
    if (runner === undefined) throw new Error("no library has entered");
    return turn(runner, milliseconds);
  },
};
