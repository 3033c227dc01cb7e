import {
  AdjointError,
  type Graph,
  type Pass,
  type RegisterAttributes,
  type State,
  type TensorValue,
  type TypedArray,
  dtypeInfo,
  elementCount,
  equalTypes,
  initialValue,
  isStatic,
  optimize,
  registersOf,
  runPasses,
  solveSymbols,
  specialize,
  typeText,
} from "@adjoint/ir";
import type { Backend, Device } from "./backend.ts";
import type { Compiled } from "./explain.ts";
import { type CheckedFeed, type Feeds, Output, checkFeeds } from "./feed.ts";
import { compileProgram } from "./program.ts";

/** Entries of a session: programs by name. */
export type Entries = { readonly [entry: string]: Graph };

type InputsOf<G> = G extends Graph<infer I> ? I : never;
type OutputsOf<G> = G extends Graph<string, infer O> ? O : never;

export interface SessionOptions {
  readonly backend: Backend;
  /** Seeds initial values and random numbers; a whole number of 32 bits. */
  readonly seed?: number;
  /** Values that registers start from instead of their initial ones. */
  readonly state?: State;
  /** Passes over each entry before it is lowered; the default pipeline when absent. */
  readonly passes?: readonly Pass[];
  /** Measures every kernel, for `explain`. */
  readonly profile?: boolean;
}

/** How many sets of sizes of one entry stay compiled; the least recently used goes. */
const KEPT_SPECIALIZATIONS = 16;

/** Programs that share registers, compiled for one backend. */
export class Session<E extends Entries = Entries> implements AsyncDisposable {
  readonly #entries: E;
  readonly #options: SessionOptions;
  #device: Device;
  readonly #registers: ReadonlyMap<string, RegisterAttributes>;
  readonly #compiled = new Map<string, Map<string, Compiled>>();
  /** Runs and state changes happen one after another. */
  #last: Promise<unknown> = Promise.resolve();
  /** Set once closing has begun. */
  #closing: Promise<void> | undefined;

  private constructor(
    entries: E,
    options: SessionOptions,
    device: Device,
    registers: ReadonlyMap<string, RegisterAttributes>,
  ) {
    this.#entries = entries;
    this.#options = options;
    this.#device = device;
    this.#registers = registers;
  }

  /** Opens a device, gives every register its first value, and compiles the entries whose sizes are all known. */
  static async open<E extends Entries>(entries: E, options: SessionOptions): Promise<Session<E>> {
    const { seed = 0 } = options;
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new AdjointError("attribute", "compile", `seed ${seed} is no whole number from 0 to 2³²−1`);
    }
    const registers = sharedRegisters(entries);
    checkState(options.state ?? {}, registers);
    const device = await options.backend.open();
    const session = new Session(entries, options, device, registers);
    try {
      await session.#start({});
      for (const [entry, graph] of Object.entries(entries)) {
        const inputs = Object.entries(graph.inputs);
        if (inputs.every(([, tensor]) => isStatic(tensor.shape))) {
          await session.#specialization(
            entry,
            inputs.map(([name, tensor]) => ({ name, shape: tensor.shape.map(Number) })),
          );
        }
      }
    } catch (error) {
      await device[Symbol.asyncDispose]();
      throw error;
    }
    return session;
  }

  /**
   * Runs an entry once: its outputs, and its updates committed to the registers.
   * @throws AdjointError when a feed is missing, extra, or of another dtype or shape.
   */
  run<K extends keyof E & string>(
    entry: K,
    feeds: Feeds<InputsOf<E[K]>>,
  ): Promise<{ readonly [output in OutputsOf<E[K]>]: Output }> {
    return this.#exclusive(async () => {
      const graph = this.#graph(entry);
      const checked = checkFeeds(entry, graph, feeds);
      const { program, executable } = await this.#specialization(entry, checked);
      const views = await executable.run(checked.map((feed) => feed.data));
      const outputs = program.outputs.map(({ name, dtype, shape }, index) => [
        name,
        new Output(dtype, shape, viewAt(views, index)),
      ]);
      // The names are those of the entry's outputs: lowering keeps them.
      return Object.fromEntries(outputs) as { readonly [output in OutputsOf<E[K]>]: Output };
    });
  }

  /** Copies registers to the host: all of them, or some by name. */
  async state(names?: readonly string[]): Promise<State> {
    const wanted = names ?? [...this.#registers.keys()];
    for (const name of wanted) this.#register(name);
    return this.#exclusive(() => this.#device.readState(wanted));
  }

  /** Overwrites registers by name; the others stay. @throws AdjointError for an unknown name or another type. */
  async writeState(state: State): Promise<void> {
    checkState(state, this.#registers);
    return this.#exclusive(() => this.#device.writeState(state));
  }

  /**
   * Goes on with a new device, after the backend lost the one it had: programs compile again when they run next.
   * @param state what registers hold then, from `state()` or a checkpoint; those it does not name start as they did at first.
   */
  async recover(state: State = {}): Promise<void> {
    checkState(state, this.#registers);
    return this.#exclusive(async () => {
      const device = await this.#options.backend.open();
      await this.#release();
      this.#device = device;
      await this.#start(state);
    });
  }

  /** The registers of all entries, by name. */
  get registers(): ReadonlyMap<string, RegisterAttributes> {
    return this.#registers;
  }

  get backend(): string {
    return this.#options.backend.name;
  }

  /** What has been compiled, which `explain` tells about; entries with symbolic sizes appear once they ran. */
  get compiled(): readonly Compiled[] {
    return [...this.#compiled.values()].flatMap((bySizes) => [...bySizes.values()]);
  }

  /** What runs already, or waits to, ends first. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#last.then(() => this.#release());
    return this.#closing;
  }

  /** Releases the device's memory; the same as leaving an `await using` block. */
  async close(): Promise<void> {
    await this[Symbol.asyncDispose]();
  }

  /** Gives every register its first value, or the one given. */
  async #start(given: State): Promise<void> {
    const { seed = 0, state: first } = this.#options;
    const state: { [name: string]: TensorValue } = {};
    for (const [name, register] of this.#registers)
      state[name] = given[name] ?? first?.[name] ?? initialValue(register, seed);
    await this.#device.writeState(state);
  }

  /** Ends all programs and the device. */
  async #release(): Promise<void> {
    const { compiled } = this;
    this.#compiled.clear();
    for (const { executable } of compiled) await executable[Symbol.asyncDispose]();
    await this.#device[Symbol.asyncDispose]();
  }

  #exclusive<T>(action: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined)
      return Promise.reject(new AdjointError("state", "session", "is closed", "Compile again."));
    const run = this.#last.then(action);
    // The next action waits for this one and does not inherit its failure.
    this.#last = run.catch(() => undefined);
    return run;
  }

  #graph(entry: string): Graph {
    const graph = this.#entries[entry];
    if (graph === undefined || !Object.hasOwn(this.#entries, entry)) {
      throw new AdjointError(
        "graph",
        `run "${entry}"`,
        "is not an entry of this session",
        `The entries are ${Object.keys(this.#entries).join(", ")}.`,
      );
    }
    return graph;
  }

  #register(name: string): RegisterAttributes {
    const register = this.#registers.get(name);
    if (register === undefined) {
      throw new AdjointError(
        "state",
        "session",
        `has no register "${name}"`,
        `The registers are ${[...this.#registers.keys()].join(", ") || "none"}.`,
      );
    }
    return register;
  }

  /** The entry compiled for these sizes, from the cache where it ran with them before. */
  async #specialization(entry: string, feeds: readonly Omit<CheckedFeed, "data">[]): Promise<Compiled> {
    const bySizes = this.#compiled.get(entry) ?? new Map<string, Compiled>();
    this.#compiled.set(entry, bySizes);
    let key = "";
    for (const feed of feeds) key += `${feed.shape.join()};`;
    const known = bySizes.get(key);
    if (known !== undefined) {
      if (bySizes.size > 1) {
        bySizes.delete(key);
        bySizes.set(key, known);
      }
      return known;
    }
    const compiled = await this.#compile(entry, feeds);
    bySizes.set(key, compiled);
    const [oldest] = bySizes;
    if (bySizes.size > KEPT_SPECIALIZATIONS && oldest !== undefined) {
      bySizes.delete(oldest[0]);
      await oldest[1].executable[Symbol.asyncDispose]();
    }
    return compiled;
  }

  async #compile(entry: string, feeds: readonly Omit<CheckedFeed, "data">[]): Promise<Compiled> {
    const started = performance.now();
    const graph = this.#graph(entry);
    const declared = feeds.map(({ name, shape }) => ({
      name,
      shape: graph.inputs[name]?.shape ?? [],
      fed: shape,
    }));
    let current = specialize(graph, solveSymbols(declared));
    const stages = [{ pass: "declared", graph: current, milliseconds: performance.now() - started }];
    let before = performance.now();
    current = runPasses(current, this.#options.passes ?? optimize, {
      trace: (pass, _, after) => {
        stages.push({ pass, graph: after, milliseconds: performance.now() - before });
        before = performance.now();
      },
    });
    const program = compileProgram(current, this.#options.backend.limits);
    const executable = await this.#device.compile(program, { profile: this.#options.profile ?? false });
    return { entry, stages, program, executable, milliseconds: performance.now() - started };
  }
}

const viewAt = (views: readonly TypedArray[], index: number): TypedArray => {
  const view = views[index];
  if (view === undefined) throw new AdjointError("backend", "run", `output ${index} is missing`);
  return view;
};

/** The registers of all entries. @throws AdjointError where two entries declare one name with different types. */
function sharedRegisters(entries: Entries): ReadonlyMap<string, RegisterAttributes> {
  const shared = new Map<string, RegisterAttributes>();
  for (const [entry, graph] of Object.entries(entries)) {
    for (const [name, register] of registersOf(graph)) {
      const other = shared.get(name);
      if (other !== undefined && !equalTypes(other, register)) {
        throw new AdjointError(
          "graph",
          "compile",
          `entry "${entry}" has register "${name}" as ${typeText(register)} and another entry as ${typeText(other)}`,
        );
      }
      shared.set(name, register);
    }
  }
  return shared;
}

function checkState(state: State, registers: ReadonlyMap<string, RegisterAttributes>): void {
  for (const [name, value] of Object.entries(state)) {
    const register = registers.get(name);
    if (register === undefined) {
      throw new AdjointError(
        "state",
        "session",
        `has no register "${name}"`,
        `The registers are ${[...registers.keys()].join(", ") || "none"}.`,
      );
    }
    const { array } = dtypeInfo[register.dtype];
    const fits = value.data instanceof array && value.data.length === elementCount(register.shape);
    if (!equalTypes(value, register) || !fits) {
      throw new AdjointError(
        "state",
        `register "${name}"`,
        `is ${typeText(register)} (${elementCount(register.shape)} elements in a ${array.name}) and was given ${typeText(value)} (${value.data.length} in a ${value.data.constructor.name})`,
      );
    }
  }
}

/**
 * Compiles programs that share registers.
 * @example await using session = await compile({ train, predict }, { backend: cpu(), seed: 1 });
 */
export function compile<E extends Entries>(entries: E, options: SessionOptions): Promise<Session<E>> {
  return Session.open(entries, options);
}
