import type { Graph, State } from "@adjoint/ir";
import {
  type Pass,
  type RegisterAttributes,
  optimize,
  registerOf,
  registerTensors,
  runPasses,
  solveSymbols,
  specialize,
} from "@adjoint/ir/graph";
import { AdjointError, isStatic, own } from "@adjoint/ir/values";
import type { Backend, Device } from "../kernel/backend.ts";
import type { CompiledEntry } from "./explain.ts";
import { type Inputs, sizesKey } from "./feed.ts";
import { compileProgram } from "../compile-program.ts";
import { type Runtime, type Entries, type FedShape, Session, type StartOptions } from "./session.ts";

export interface SessionOptions extends StartOptions {
  readonly backend: Backend;
  /** Passes over each entry before it is lowered; the default pipeline when absent. Composites are inlined in any case. */
  readonly passes?: readonly Pass[];
  /** Measures every kernel, for `explain`. */
  readonly profile?: boolean;
}

/**
 * Compiles programs that share registers.
 * @example await using session = await compile({ train, predict }, { backend: cpu(), seed: 1 });
 */
export async function compile<E extends Entries>(entries: E, options: SessionOptions): Promise<Session<E>> {
  const registers = sharedRegisters(entries);
  const { backend } = options;
  return Session.open<E>(
    async () => new Compiler(entries, registers, options, await backend.open()),
    options,
  );
}

/** The number of sets of sizes of one entry that stay compiled; the least recently used goes. */
const KEPT_SPECIALIZATIONS = 16;

/** Compiles each entry for the sizes that it is fed, when it is first fed them. */
class Compiler implements Runtime {
  readonly registers: ReadonlyMap<string, RegisterAttributes>;
  readonly entries: ReadonlyMap<string, Inputs>;
  readonly #graphs: Entries;
  readonly #options: SessionOptions;
  readonly #device: Device;
  readonly #compiled = new Map<string, Map<string, CompiledEntry>>();

  constructor(
    graphs: Entries,
    registers: ReadonlyMap<string, RegisterAttributes>,
    options: SessionOptions,
    device: Device,
  ) {
    this.registers = registers;
    this.entries = new Map(Object.entries(graphs).map(([entry, { inputs }]) => [entry, inputs]));
    this.#graphs = graphs;
    this.#options = options;
    this.#device = device;
  }

  get backend(): string {
    return this.#options.backend.name;
  }

  get compiled(): readonly CompiledEntry[] {
    return [...this.#compiled.values()].flatMap((bySizes) => [...bySizes.values()]);
  }

  readState(names: readonly string[]): Promise<State> {
    return this.#device.readState(names);
  }

  writeState(state: State): Promise<void> {
    return this.#device.writeState(state);
  }

  /** Compiles the entries whose sizes are all known. */
  async prepare(): Promise<void> {
    for (const [entry, inputs] of this.entries) {
      const feeds = Object.entries(inputs).flatMap(([name, { shape }]) =>
        isStatic(shape) ? [{ name, shape }] : [],
      );
      if (feeds.length === Object.keys(inputs).length) await this.runnable(entry, feeds);
    }
  }

  /** The entry compiled for these sizes, from the cache if it ran with them before. */
  runnable(entry: string, feeds: readonly FedShape[]): CompiledEntry | Promise<CompiledEntry> {
    const bySizes = this.#compiled.get(entry) ?? new Map<string, CompiledEntry>();
    this.#compiled.set(entry, bySizes);
    const key = sizesKey(feeds);
    const known = bySizes.get(key);
    if (known === undefined) return this.#compileInto(bySizes, key, entry, feeds);
    if (bySizes.size > 1) {
      bySizes.delete(key);
      bySizes.set(key, known);
    }
    return known;
  }

  async #compileInto(
    bySizes: Map<string, CompiledEntry>,
    key: string,
    entry: string,
    feeds: readonly FedShape[],
  ): Promise<CompiledEntry> {
    const compiled = await this.#compile(entry, feeds);
    bySizes.set(key, compiled);
    const [oldest] = bySizes;
    if (bySizes.size > KEPT_SPECIALIZATIONS && oldest !== undefined) {
      bySizes.delete(oldest[0]);
      await oldest[1].executable[Symbol.asyncDispose]();
    }
    return compiled;
  }

  async #compile(entry: string, feeds: readonly FedShape[]): Promise<CompiledEntry> {
    const { passes = optimize, backend, profile = false } = this.#options;
    const started = performance.now();
    const graph = own(this.#graphs, entry);
    if (graph === undefined) throw new AdjointError("graph", `run "${entry}"`, "is not an entry");
    const declared = feeds.map(({ name, shape }) => ({
      name,
      shape: own(graph.inputs, name)?.shape ?? [],
      fed: shape,
    }));
    let current = specialize(graph, solveSymbols(declared));
    const stages = [{ pass: "declared", graph: current, milliseconds: performance.now() - started }];
    let before = performance.now();
    current = runPasses(current, passes, {
      trace: (pass, _, after) => {
        stages.push({ pass, graph: after, milliseconds: performance.now() - before });
        before = performance.now();
      },
    });
    const program = compileProgram(current, backend.limits);
    const executable = await this.#device.compile(program, { profile });
    return { entry, stages, program, executable, milliseconds: performance.now() - started };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { compiled } = this;
    this.#compiled.clear();
    for (const { executable } of compiled) await executable[Symbol.asyncDispose]();
    await this.#device[Symbol.asyncDispose]();
  }
}

/**
 * The registers of all entries.
 * @throws AdjointError if two of one name differ in type or first value.
 */
export function sharedRegisters(entries: Entries): ReadonlyMap<string, RegisterAttributes> {
  const tensors = registerTensors(Object.values<Graph>(entries), "compile");
  return new Map([...tensors].map(([name, tensor]) => [name, registerOf(tensor)]));
}
