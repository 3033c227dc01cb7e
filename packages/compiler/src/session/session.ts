import type { Graph, State } from "@adjoint/ir";
import type { RegisterAttributes } from "@adjoint/ir/graph";
import {
  AdjointError,
  type TensorValue,
  type TypedArray,
  dtypeInfo,
  elementCount,
  equalTypes,
  initialValue,
  own,
  typeText,
} from "@adjoint/ir/values";
import type { Device, Executable } from "../kernel/backend.ts";
import type { CompiledEntry } from "./explain.ts";
import { type CheckedFeed, type Feeds, type Inputs, Output, checkFeeds } from "./feed.ts";
import type { Port } from "../kernel/program.ts";

export { type Feed, type Feeds, type Inputs, Output, sizesKey } from "./feed.ts";

/** Entries of a session: programs by name. */
export type Entries = { readonly [entry: string]: Graph };

type InputsOf<G> = G extends Graph<infer I> ? I : never;
type OutputsOf<G> = G extends Graph<string, infer O> ? O : never;

/** The options with which a session starts. */
export interface StartOptions {
  /** Seeds initial values and random numbers; a whole number of 32 bits. */
  readonly seed?: number;
  /** Values that registers start from instead of their initial ones. */
  readonly state?: State;
}

/** Sizes that an input was fed. */
export type FedShape = Omit<CheckedFeed, "data">;

/** An entry for one set of sizes, ready to run. */
export interface Runnable {
  readonly program: { readonly outputs: readonly Pick<Port, "name" | "dtype" | "shape">[] };
  readonly executable: Pick<Executable, "run">;
}

/** Entries on a device, with the registers that they share. */
export interface Runtime extends AsyncDisposable, Pick<Device, "readState" | "writeState"> {
  /** Name of the backend. */
  readonly backend: string;
  readonly registers: ReadonlyMap<string, RegisterAttributes>;
  /** The inputs of each entry, as declared. */
  readonly entries: ReadonlyMap<string, Inputs>;
  /** The entries that were compiled here, if any. */
  readonly compiled: readonly CompiledEntry[];
  /** Makes ready what needs to be fed nothing for that; every register has been written before. */
  prepare(): Promise<void>;
  /** An entry for inputs of these sizes, in order. @throws AdjointError if it can't run on them. */
  runnable(entry: string, feeds: readonly FedShape[]): Runnable | Promise<Runnable>;
}

/** Programs that share registers, on one device. */
export class Session<E extends Entries = Entries> implements AsyncDisposable {
  readonly #open: () => Promise<Runtime>;
  readonly #options: StartOptions;
  #engine: Runtime;
  /** Runs and state changes happen one after another. */
  #last: Promise<unknown> = Promise.resolve();
  /** Set once closing has begun. */
  #closing: Promise<void> | undefined;

  private constructor(open: () => Promise<Runtime>, options: StartOptions, engine: Runtime) {
    this.#open = open;
    this.#options = options;
    this.#engine = engine;
  }

  /** Opens an engine, gives every register its first value, and compiles what it can. */
  static async open<E extends Entries>(
    open: () => Promise<Runtime>,
    options: StartOptions,
  ): Promise<Session<E>> {
    const { seed = 0 } = options;
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new AdjointError("attribute", "compile", `seed ${seed} is no whole number from 0 to 2³²−1`);
    }
    const engine = await open();
    const session = new Session<E>(open, options, engine);
    try {
      checkState(options.state ?? {}, engine.registers);
      await session.#start({});
      await engine.prepare();
    } catch (error) {
      await engine[Symbol.asyncDispose]();
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
      const checked = checkFeeds(entry, this.#inputs(entry), feeds);
      const { program, executable } = await this.#engine.runnable(entry, checked);
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
    const wanted = names ?? [...this.registers.keys()];
    for (const name of wanted) registerAt(this.registers, name);
    return this.#exclusive(() => this.#engine.readState(wanted));
  }

  /** Overwrites registers by name; the others stay. @throws AdjointError for an unknown name or another type. */
  async writeState(state: State): Promise<void> {
    checkState(state, this.registers);
    return this.#exclusive(() => this.#engine.writeState(state));
  }

  /**
   * Goes on with a new device, after the backend lost the one it had: programs compile again when they run next.
   * @param state what registers hold then, from `state()` or a checkpoint; those it does not name start as they did at first.
   */
  async recover(state: State = {}): Promise<void> {
    checkState(state, this.registers);
    return this.#exclusive(async () => {
      const engine = await this.#open();
      await this.#engine[Symbol.asyncDispose]();
      this.#engine = engine;
      await this.#start(state);
    });
  }

  /** The registers of all entries, by name. */
  get registers(): ReadonlyMap<string, RegisterAttributes> {
    return this.#engine.registers;
  }

  get backend(): string {
    return this.#engine.backend;
  }

  /** The entries compiled so far, which `explain` tells about; entries with symbolic sizes appear once they ran. */
  get compiled(): readonly CompiledEntry[] {
    return this.#engine.compiled;
  }

  /** Runs that have started, or wait to, end first. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#last.then(() => this.#engine[Symbol.asyncDispose]());
    return this.#closing;
  }

  /** Releases the device's memory; the same as leaving an `await using` block. */
  async close(): Promise<void> {
    await this[Symbol.asyncDispose]();
  }

  /** Gives every register its first value, or the one given. */
  async #start(given: State): Promise<void> {
    const { seed = 0, state: first } = this.#options;
    const values = [...this.registers].map(([name, register]): [string, TensorValue] => [
      name,
      own(given, name) ?? own(first ?? {}, name) ?? initialValue(register, seed),
    ]);
    await this.#engine.writeState(Object.fromEntries(values));
  }

  #exclusive<T>(action: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined)
      return Promise.reject(new AdjointError("state", "session", "is closed", "Compile again."));
    const run = this.#last.then(action);
    // The next action waits for this one and does not inherit its failure.
    this.#last = run.catch(() => undefined);
    return run;
  }

  #inputs(entry: string): Inputs {
    const inputs = this.#engine.entries.get(entry);
    if (inputs === undefined) {
      throw new AdjointError(
        "graph",
        `run "${entry}"`,
        "is not an entry of this session",
        `The entries are ${[...this.#engine.entries.keys()].join(", ")}.`,
      );
    }
    return inputs;
  }
}

const viewAt = (views: readonly TypedArray[], index: number): TypedArray => {
  const view = views[index];
  if (view === undefined) throw new AdjointError("backend", "run", `output ${index} is missing`);
  return view;
};

function registerAt(registers: ReadonlyMap<string, RegisterAttributes>, name: string): RegisterAttributes {
  const register = registers.get(name);
  if (register === undefined) {
    throw new AdjointError(
      "state",
      "session",
      `has no register "${name}"`,
      `The registers are ${[...registers.keys()].join(", ") || "none"}.`,
    );
  }
  return register;
}

function checkState(state: State, registers: ReadonlyMap<string, RegisterAttributes>): void {
  for (const [name, value] of Object.entries(state)) {
    const register = registerAt(registers, name);
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
