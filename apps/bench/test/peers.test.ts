import { describe, expect, test } from "vitest";
import { disagreement } from "../src/measure/numbers.ts";
import { prepareJax } from "../src/contestants/peers/jax-js.ts";
import { prepareOrtWeb } from "../src/contestants/peers/onnxruntime-web.ts";
import { prepareTfjs } from "../src/contestants/peers/tfjs.ts";
import type { Prepare } from "../src/contestants/runner.ts";
import type { Task } from "../src/tasks/task.ts";
import { check } from "../src/contestants/turns.ts";
import { dataOf, expectedOf } from "../src/tasks/workloads/kinds.ts";
import { small } from "./small.ts";

interface Peer {
  readonly prepare: Prepare;
  readonly canRun: (task: Task) => boolean;
}

const hasConvolution = (task: Task): boolean => "network" in task && task.network.image.length > 1;

const peers: { readonly [name: string]: Peer } = {
  "tfjs-cpu": { prepare: prepareTfjs("cpu"), canRun: () => true },
  // It compiles the gradient of convolutions for minutes.
  "jax-js": { prepare: prepareJax("wasm"), canRun: (task) => task.kind !== "train" || !hasConvolution(task) },
  "onnxruntime-web": { prepare: prepareOrtWeb, canRun: (task) => task.kind !== "train" },
};

const tasks: readonly (readonly [string, Task])[] = Object.entries(small);

const cases = Object.entries(peers).flatMap(([name, { prepare, canRun }]) =>
  tasks.filter(([, task]) => canRun(task)).map(([workload, task]) => ({ name, workload, prepare, task })),
);

describe("peers do the same work, so their results agree with plain loops", () => {
  test.each(cases)("$name: $workload", async ({ prepare, task }) => {
    const arrays = dataOf(task);
    const runner = await prepare({ threads: 1, task, once: false }, arrays);
    const { values, tolerance } = expectedOf(task, arrays);
    expect(disagreement(await check(runner, task), values)).toBeLessThanOrEqual(tolerance);
  });
});
