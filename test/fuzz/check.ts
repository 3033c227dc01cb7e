import type { Session } from "@adjoint/compiler";
import { AdjointError, type State, type TensorValue } from "@adjoint/ir";
import type { Arithmetic } from "./bounds/bounds.ts";
import { Unpredictable } from "./bounds/ordering.ts";
import { type BoundedRun, type BoundedState, boundGraph, firstState, oracleOf } from "./bounds/evaluate.ts";
import type { FuzzCase } from "./fuzz-case.ts";
import { outside, sameBits } from "./compare.ts";
import { boundTo } from "./symbolic.ts";
import type { Opened, Variant } from "./variants.ts";

/** Bounds of a case's runs, one after another, up to the first run of which they are not known. */
export function expected({ entries, runs }: FuzzCase, arithmetic: Arithmetic): readonly BoundedRun[] {
  let state = firstState(Object.values(entries), 0);
  const given: BoundedRun[] = [];
  for (const { entry, feeds } of runs) {
    const graph = entries[entry];
    if (graph === undefined) throw new Error(`no entry ${entry}`);
    try {
      const run = boundGraph(boundTo(graph, feeds), feeds, state, arithmetic);
      ({ state } = run);
      given.push(run);
    } catch (error) {
      if (error instanceof Unpredictable) break;
      throw error;
    }
  }
  return given;
}

type Outputs = { readonly [name: string]: TensorValue };
interface Ran {
  /** Undefined if a run failed by an index outside its axis. */
  readonly outputs: readonly (Outputs | undefined)[];
  readonly state: State;
}

async function runAll(session: Session, runs: FuzzCase["runs"]): Promise<Ran> {
  const outputs: (Outputs | undefined)[] = [];
  for (const { entry, feeds } of runs) {
    try {
      const given: Outputs = await session.run(entry, feeds);
      outputs.push(given);
    } catch (error) {
      if (!(error instanceof AdjointError && error.code === "index")) throw error;
      outputs.push(undefined);
    }
  }
  return { outputs, state: await session.state() };
}

function wrongIn(what: string, given: Outputs | undefined, wanted: BoundedState): string[] {
  return Object.entries(wanted).flatMap(([name, bound]) => {
    const problem = outside(given?.[name], bound);
    return problem === undefined ? [] : [`${what} "${name}" ${problem}`];
  });
}

const differing = (a: Outputs, b: Outputs): string[] =>
  Object.keys(a).filter((name) => a[name] !== undefined && !sameBits(a[name], b[name]));

/** A session that stays open while others run, and what its registers hold. */
interface Bystander {
  readonly session: Session;
  readonly state: State;
  readonly item: FuzzCase;
}

/** How many sessions stay open beside the one that runs. */
const BYSTANDERS = 2;

/** A variant at work: it opens its backend when it is first needed, and again after a failure. */
export class Subject {
  readonly variant: Variant;
  #opened: Promise<Opened> | undefined;
  readonly #bystanders: Bystander[] = [];

  constructor(variant: Variant) {
    this.variant = variant;
  }

  /**
   * Runs a case, again from its first state, and compares: with the bounds, and bit by bit with itself.
   * @returns what is wrong; undefined if nothing is.
   */
  async problemOf(item: FuzzCase, wanted: readonly BoundedRun[]): Promise<string | undefined> {
    let session: Session | undefined;
    try {
      this.#opened ??= this.variant.open();
      const opened = await this.#opened;
      session = await opened.session(item);
      const start = await session.state();
      const runs = item.runs.slice(0, wanted.length);
      const ran = await runAll(session, runs);
      const problems = wanted.flatMap(({ outputs, fails }, index) => {
        const [what, given] = [`run ${index + 1} of "${runs[index]?.entry}"`, ran.outputs[index]];
        if (fails === (given === undefined)) return wrongIn(`${what}: output`, given, outputs);
        return [
          `${what} ${fails ? "reads outside an axis, and is" : "fails by an index, and should be"} fine`,
        ];
      });
      // Registers that no entry updates may be unknown to a session once nothing reads them.
      const last = wanted.at(-1)?.state ?? {};
      const held = Object.fromEntries(Object.entries(last).filter(([name]) => session?.registers.has(name)));
      problems.push(...wrongIn("register", ran.state, held));
      if (problems.length === 0) {
        await session.writeState(start);
        const again = await runAll(session, runs);
        const names = [
          ...ran.outputs.flatMap((outputs, index) => differing(outputs ?? {}, again.outputs[index] ?? {})),
          ...differing(ran.state, again.state),
        ];
        if (names.length > 0) problems.push(`a second time, other bits: ${[...new Set(names)].join(", ")}`);
      }
      const spoiled = await this.#stand({ session, state: await session.state(), item });
      if (spoiled !== undefined) problems.push(spoiled);
      return problems.length === 0 ? undefined : problems.slice(0, 3).join("\n");
    } catch (error) {
      // A backend that failed may have lost its threads.
      await this.close();
      return `throws ${error instanceof Error ? `${error.name}: ${error.message.slice(0, 500)}` : String(error)}`;
    }
  }

  /** Lets a session stand by; what the oldest one's registers hold must be what it left in them. */
  async #stand(given: Bystander): Promise<string | undefined> {
    this.#bystanders.push(given);
    if (this.#bystanders.length <= BYSTANDERS) return undefined;
    const oldest = this.#bystanders.shift();
    if (oldest === undefined) return undefined;
    const state = await oldest.session.state();
    await oldest.session.close();
    const names = differing(oldest.state, state);
    return names.length === 0 ? undefined : `changed registers of another session: ${names.join(", ")}`;
  }

  async close(): Promise<void> {
    const [opened, bystanders] = [this.#opened, this.#bystanders.splice(0)];
    this.#opened = undefined;
    for (const { session } of bystanders) await session.close().catch(() => undefined);
    await opened?.then((backend) => backend.close()).catch(() => undefined);
  }
}

/** The oracle's results of a case, registers included. */
export const resultsOf = (wanted: readonly BoundedRun[]): readonly TensorValue[] =>
  wanted.flatMap(({ outputs, state }) => [
    ...Object.values(oracleOf(outputs)),
    ...Object.values(oracleOf(state)),
  ]);
