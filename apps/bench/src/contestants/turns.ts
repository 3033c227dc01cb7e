import { sampled } from "../tasks/arrays.ts";
import type { Runner } from "./runner.ts";
import type { Job, Task } from "../tasks/task.ts";

/** The results of a contestant before it is timed. */
export interface Entry {
  readonly version: string;
  /** The losses of the first steps, or elements of the result of one; none of a single step. */
  readonly values: readonly number[];
}

/** A contestant's report of a burst. */
export interface Turn {
  /** Of a step. */
  readonly milliseconds: number;
  /** GFLOP/s of one thread that never leaves its registers. */
  readonly peak?: number;
}

/** Engines compile hot code while this long passes. */
const WARM_UP = 400;

/** The results that are compared with the reference. */
export async function check(runner: Runner, task: Task): Promise<readonly number[]> {
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

/** Runs the first steps, and warms up; or a single step. */
export async function enter(runner: Runner, { task, once }: Job): Promise<Entry> {
  if (once) {
    await runner.step();
    return { version: runner.version, values: [] };
  }
  const started = performance.now();
  const values = await check(runner, task);
  await burst(runner, Math.max(1, WARM_UP - (performance.now() - started)));
  return { version: runner.version, values };
}

/** Runs a burst of at least so many milliseconds. */
export async function turn(runner: Runner, milliseconds: number): Promise<Turn> {
  // The machine's speed drifts: the peak is that of both ends of the burst.
  const before = runner.peak?.();
  const each = await burst(runner, milliseconds);
  const after = runner.peak?.();
  return {
    milliseconds: each,
    ...(before !== undefined && after !== undefined && { peak: (before + after) / 2 }),
  };
}
