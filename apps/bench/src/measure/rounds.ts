import { z } from "zod";
import { contestants } from "../contestants/table.ts";
import type { ContestantName } from "../contestants/names.ts";
import { disagreement, median, significant } from "./numbers.ts";
import { type Partner, type Start, TimeLimit } from "../partners/partner.ts";
import type { Task } from "../tasks/task.ts";
import { operationsOf } from "../tasks/workloads/kinds.ts";
import type { Workload } from "../tasks/workloads/table.ts";

/** A contestant at a number of threads, and how it went. */
export interface Outcome {
  readonly name: ContestantName;
  readonly threads: number;
  /** Median of the rounds; of a bound, what a step takes at least. */
  readonly milliseconds: number | undefined;
  readonly spread: readonly [number, number] | undefined;
  readonly isBound: boolean;
  /** Why there is no time, or only a bound. */
  readonly note: string | undefined;
  readonly version: string | undefined;
  readonly shareOfPeak: number | undefined;
}

/** All that runs in turns: one workload on one version of Node, or in Chromium. */
export interface Group {
  readonly workload: Workload;
  readonly entrants: readonly { readonly name: ContestantName; readonly threads: number }[];
  /** Major version of Node or Chromium. */
  readonly major: number;
  readonly rounds: number;
  /** Seconds for loading, showing results, and warming up. */
  readonly limit: number;
  readonly expected: { readonly values: readonly number[]; readonly tolerance: number };
  /** Starts a contestant; undefined if something that it needs is not installed. */
  starter(name: ContestantName): Start | undefined;
}

/** A burst lasts at least this many milliseconds. */
const BURST = 100;
/** Seconds for one burst: slow steps are allowed, stuck ones are not. */
const BURST_LIMIT = 300;

const versionSchema = z.object({ version: z.string() });
const readySchema = versionSchema.extend({ values: z.array(z.number().nullable()) });
const burstSchema = z.object({ milliseconds: z.number(), peak: z.number().optional() });

/** A contestant that is still in the race. */
interface Entrant {
  readonly name: ContestantName;
  readonly threads: number;
  readonly version?: string | undefined;
  /** GFLOP/s per GFLOP/s of the peak at the same moment. */
  readonly shares: number[];
  readonly times: number[];
  readonly partner?: Partner | undefined;
  note?: string | undefined;
  bound?: number | undefined;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The number of steps that a contestant does before it first answers. */
const firstSteps = (task: Task): number => (task.kind === "train" ? task.checkedSteps : 1);

/** Starts a contestant and compares its results with the reference. */
async function enter(group: Group, name: ContestantName, threads: number): Promise<Entrant> {
  const { workload, limit, expected } = group;
  const { task } = workload;
  const entrant = { name, threads, shares: [], times: [] };
  const cannot = contestants[name].cannot({ workload, threads, major: group.major });
  if (cannot !== undefined) return { ...entrant, note: cannot };
  const start = group.starter(name);
  if (start === undefined) return { ...entrant, note: "is not installed here" };
  if (workload.wholeProcess === true) return entrant;
  const partner = start({ threads, task, once: false });
  try {
    const { version, values } = await partner.answer(readySchema, limit);
    const difference = disagreement(values, expected.values);
    if (difference <= expected.tolerance) return { ...entrant, version, partner };
    await partner.stop();
    return {
      ...entrant,
      version,
      note: `error: disagrees with the reference by ${significant(difference, 2)} of its largest number, and ${expected.tolerance} is allowed`,
    };
  } catch (error) {
    await partner.stop();
    if (!(error instanceof TimeLimit)) return { ...entrant, note: `error: ${reasonOf(error)}` };
    const steps = firstSteps(task);
    const what = steps === 1 ? "first run" : `first ${steps} steps`;
    return { ...entrant, note: `over ${limit} s for its ${what}`, bound: (limit * 1000) / steps };
  }
}

async function burst(entrant: Entrant, task: Task): Promise<void> {
  const { partner, threads } = entrant;
  if (partner === undefined) return;
  partner.tell({ burst: BURST });
  const { milliseconds, peak } = await partner.answer(burstSchema, BURST_LIMIT);
  entrant.times.push(milliseconds);
  const operations = operationsOf(task);
  if (peak !== undefined && operations !== undefined)
    entrant.shares.push(operations / milliseconds / 1e6 / (peak * threads));
}

/** A whole process from its start to its end. */
async function whole(entrant: Entrant, group: Group): Promise<Entrant> {
  const start = group.starter(entrant.name);
  if (start === undefined) return entrant;
  const started = performance.now();
  const partner = start({ threads: entrant.threads, task: group.workload.task, once: true });
  try {
    const { version } = await partner.answer(versionSchema, group.limit);
    await partner.ended();
    entrant.times.push(performance.now() - started);
    return { ...entrant, version };
  } finally {
    await partner.stop();
  }
}

async function turn(entrant: Entrant, group: Group): Promise<Entrant> {
  if (entrant.note !== undefined) return entrant;
  try {
    if (group.workload.wholeProcess === true) return await whole(entrant, group);
    await burst(entrant, group.workload.task);
    return entrant;
  } catch (error) {
    return { ...entrant, note: `error: ${reasonOf(error)}` };
  }
}

function outcomeOf({ name, threads, times, shares, note, bound, version }: Entrant): Outcome {
  const isTimed = note === undefined && times.length > 0;
  return {
    name,
    threads,
    milliseconds: isTimed ? significant(median(times), 5) : bound,
    spread: isTimed ? [significant(Math.min(...times), 5), significant(Math.max(...times), 5)] : undefined,
    isBound: bound !== undefined,
    note,
    version,
    shareOfPeak: shares.length > 0 ? significant(median(shares), 3) : undefined,
  };
}

/** Runs a group: all enter, one after another; then in each round every one has its turn. */
export async function runGroup(group: Group): Promise<readonly Outcome[]> {
  let entrants: Entrant[] = [];
  try {
    for (const { name, threads } of group.entrants) entrants.push(await enter(group, name, threads));
    for (let round = 0; round < group.rounds; round++) {
      const after: Entrant[] = [];
      for (const entrant of entrants) after.push(await turn(entrant, group));
      entrants = after;
    }
    return entrants.map(outcomeOf);
  } finally {
    for (const { partner } of entrants) await partner?.stop();
  }
}
