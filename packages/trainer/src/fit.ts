import type { Session } from "@adjoint/compiler";
import type { Dataset, Fields } from "@adjoint/datasets";
import { AdjointError, type Graph, type State } from "@adjoint/ir";
import { registersOf } from "@adjoint/ir/graph";
import { parseSettings } from "@adjoint/ir/schema";
import { Averages } from "./averages.ts";
import { breather } from "./breathe.ts";
import type { Callback, FitContext, Stop } from "./callback.ts";
import { type Checkpoint, checkResumable } from "./checkpoint.ts";
import { type TrainingEntries, evaluateAll } from "./evaluate.ts";
import { feedsFor } from "./feeds-for.ts";
import { type FitOptions, fitSchema } from "./options.ts";
import type { DataPlan, EpochRecord, Measures, Progress } from "./records.ts";
import type { Turns } from "./turns.ts";
import { Watchdog } from "./watchdog.ts";

/** Examples that a training is measured by. */
type Part = "train" | "validation";

/** The result of a training. */
export interface FitResult {
  readonly history: readonly EpochRecord[];
  /** Steps done, resumed ones included. */
  readonly step: number;
  /** Why it ended before its last epoch; undefined if it didn't. */
  readonly stopped: Stop | undefined;
}

/** A session that can be trained, and the data that the training is measured by. */
export interface Training {
  readonly session: Session<TrainingEntries>;
  readonly turns: Turns;
  readonly programs: TrainingEntries;
  readonly seed: number;
  readonly examples: Dataset<Fields>;
  readonly validation: Dataset<Fields> | undefined;
}

/** One call of `fit`: the loop over epochs and steps, and what callbacks see of it. */
export class FitRun {
  readonly #training: Training;
  readonly #options: FitOptions;
  readonly #callbacks: readonly Callback[];
  readonly #epochs: number;
  readonly #plan: DataPlan;
  readonly #feeds: Dataset<Fields>;
  readonly #batches: number;
  readonly #measures: readonly string[];
  readonly #context: FitContext;
  readonly #watchdog: Watchdog;
  #epoch = 0;
  #batch = 0;
  #step = 0;
  #averages: Averages;
  /** Seconds of the epoch under way that passed before `#since`. */
  #seconds = 0;
  #since = performance.now();
  readonly #history: EpochRecord[] = [];
  #stopped: Stop | undefined;
  /** Registers that the training leaves behind instead of its last. */
  #ending: State | undefined;
  /** The measures taken outside training, and the weights that they belong to. */
  readonly #measured = new Map<Part, { readonly version: string; readonly measures: Measures }>();

  constructor(training: Training, options: FitOptions) {
    const settings = parseSettings("fit", fitSchema, options);
    const { epochs, batchSize, shuffle = training.seed, lastBatch, abortPatience } = settings;
    this.#training = training;
    this.#options = options;
    const callbacks = options.callbacks ?? [];
    checkNames(callbacks);
    this.#callbacks = [
      ...callbacks.filter(({ runsLast }) => runsLast !== true),
      ...callbacks.filter(({ runsLast }) => runsLast === true),
    ];
    this.#watchdog = new Watchdog(options.signal, 1000 * abortPatience);
    this.#epochs = epochs;
    this.#plan = { examples: training.examples.length, batchSize, shuffle, lastBatch };
    this.#feeds = feedsFor("fit", training.programs.train, training.examples);
    if (training.validation !== undefined)
      feedsFor("fit: validation", training.programs.evaluate, training.validation);
    this.#batches = this.#feeds.batches({ size: batchSize, lastBatch }).length;
    this.#measures = Object.keys(training.programs.train.outputs);
    this.#averages = new Averages(this.#measures);
    this.#context = this.#makeContext();
  }

  /** @throws AdjointError if the trainer trains already. */
  async run(): Promise<FitResult> {
    const done = this.#training.turns.train();
    try {
      return await this.#watchdog.watch(() => this.#run());
    } finally {
      done();
    }
  }

  async #run(): Promise<FitResult> {
    const { resume, signal } = this.#options;
    const { session, turns } = this.#training;
    if (resume !== undefined) await this.#resume(resume);
    await this.#call("onTrainBegin", (callback) => callback.onTrainBegin?.(this.#context));
    if (signal?.aborted === true && this.#epoch < this.#epochs) this.#abort();
    while (this.#epoch < this.#epochs && this.#stopped === undefined) {
      await this.#steps();
      if (this.#stopped !== undefined) break;
      const record = await this.#finishEpoch();
      if (record === undefined) break;
      await this.#call("onEpochEnd", (callback) => callback.onEpochEnd?.(record, this.#context));
      if (signal?.aborted === true && this.#epoch < this.#epochs) this.#abort();
    }
    await this.#call("onTrainEnd", (callback) => callback.onTrainEnd?.(this.#context));
    const ending = this.#ending;
    if (ending !== undefined) await turns.write(() => session.writeState(ending));
    return { history: [...this.#history], step: this.#step, stopped: this.#stopped };
  }

  /** Calls a hook of each callback, one after another; waits for none that has nothing to wait for. */
  async #call(hook: string, call: (callback: Callback) => void | Promise<void>): Promise<void> {
    for (const callback of this.#callbacks) {
      this.#watchdog.at(hook, callback);
      const pending = call(callback);
      if (pending !== undefined) await pending;
    }
    this.#watchdog.at("the training");
  }

  /** The steps of the epoch under way, from where it stands. */
  async #steps(): Promise<void> {
    const { session, turns } = this.#training;
    const { signal } = this.#options;
    const { batchSize, shuffle, lastBatch, examples: all } = this.#plan;
    const [epoch, epochs, batches, context] = [this.#epoch + 1, this.#epochs, this.#batches, this.#context];
    this.#since = performance.now();
    const begun = { epoch, epochs, done: this.#batch, batches };
    await this.#call("onEpochBegin", (callback) => callback.onEpochBegin?.(begun, context));
    const breathe = breather();
    const pass = this.#feeds.batches({
      size: batchSize,
      shuffle,
      epoch: this.#epoch,
      start: this.#batch,
      lastBatch,
      reuse: true,
    });
    for (const [index, feeds] of pass.entries()) {
      this.#watchdog.at("a step");
      while (turns.passes !== undefined) {
        await turns.passes;
        this.#watchdog.sign();
      }
      const outputs = await session.run("train", feeds);
      const examples = Math.min(batchSize, all - index * batchSize);
      const { loss, metrics } = this.#averages.add(examples, outputs);
      this.#batch = index + 1;
      this.#step++;
      const info = {
        epoch,
        epochs,
        batch: this.#batch,
        batches,
        step: this.#step,
        examples,
        loss,
        metrics,
        averages: this.#averages.measures,
      };
      for (const callback of this.#callbacks) {
        this.#watchdog.at("onStep", callback);
        const pending = callback.onStep?.(info, context);
        if (pending !== undefined) await pending;
      }
      const pause = breathe();
      if (pause !== undefined) await pause;
      if (signal?.aborted === true) this.#abort();
      if (this.#stopped !== undefined) return;
    }
  }

  /** Measures the epoch and moves on to the next; aborted, it stays where a resumed run will measure it. */
  async #finishEpoch(): Promise<EpochRecord | undefined> {
    const { validation } = this.#training;
    const measured = validation && (await this.#measure("validation", validation, this.#options.signal));
    if (validation !== undefined && measured === undefined) {
      this.#abort();
      return undefined;
    }
    const record: EpochRecord = {
      epoch: this.#epoch + 1,
      step: this.#step,
      train: this.#averages.measures,
      ...(measured && { validation: measured }),
      seconds: this.#secondsSoFar(),
    };
    this.#history.push(record);
    this.#epoch++;
    this.#batch = 0;
    this.#averages = new Averages(this.#measures);
    this.#seconds = 0;
    this.#since = performance.now();
    return record;
  }

  /**
   * Measures by the weights as they are, which no step or write changes meanwhile, unless that is known already.
   * @returns undefined where `signal` aborted it.
   */
  async #measure(part: Part, examples: Dataset<Fields>, signal?: AbortSignal): Promise<Measures | undefined> {
    const { session, programs, turns } = this.#training;
    const versionNow = (): string => `${this.#step} ${turns.writes}`;
    const known = this.#measured.get(part);
    if (known?.version === versionNow()) return known.measures;
    const onBatch = (): void => this.#watchdog.sign();
    const pass = { examples, batchSize: this.#plan.batchSize, signal, onBatch };
    return turns.pass(async () => {
      const version = versionNow();
      const measures = await evaluateAll(session, programs.evaluate, pass);
      if (measures !== undefined) this.#measured.set(part, { version, measures });
      return measures;
    });
  }

  /** The same for callbacks; an abort lets it end. */
  async #measureFor(part: Part): Promise<Measures> {
    const { examples, validation } = this.#training;
    const measured = part === "train" ? examples : validation;
    const measures = measured && (await this.#measure(part, measured));
    if (measures === undefined) {
      throw new AdjointError(
        "attribute",
        "measure",
        "there are no validation examples",
        "Give them to fit: { validation }.",
      );
    }
    return measures;
  }

  async #resume(checkpoint: Checkpoint): Promise<void> {
    const { session, turns } = this.#training;
    checkResumable(checkpoint, session.registers, this.#plan, {
      measures: this.#measures,
      batches: this.#batches,
    });
    const { progress, registers, callbacks } = checkpoint;
    if (progress.epoch > this.#epochs || (progress.epoch === this.#epochs && progress.batch > 0)) {
      throw new AdjointError(
        "state",
        "resume",
        `the checkpoint is in epoch ${progress.epoch + 1}, and epochs is ${this.#epochs}`,
        "Give epochs in all, those that are done among them.",
      );
    }
    // Callbacks first: one that refuses its state leaves the registers as they are.
    for (const callback of this.#callbacks) {
      const state =
        callback.name !== undefined && Object.hasOwn(callbacks, callback.name)
          ? callbacks[callback.name]
          : undefined;
      if (state !== undefined) callback.restore?.(state);
    }
    await turns.write(() => session.writeState(registers));
    this.#epoch = progress.epoch;
    this.#batch = progress.batch;
    this.#step = progress.step;
    this.#averages = new Averages(this.#measures, progress.sums);
    this.#seconds = progress.seconds;
    for (const record of progress.history) this.#history.push(record);
  }

  #abort(): void {
    this.#stopped ??= { reason: "The training was asked to stop.", aborted: true };
  }

  #secondsSoFar(): number {
    return this.#seconds + (performance.now() - this.#since) / 1000;
  }

  #progress(): Progress {
    return {
      plan: this.#plan,
      epoch: this.#epoch,
      batch: this.#batch,
      step: this.#step,
      sums: this.#averages.sums,
      seconds: this.#batch === 0 ? 0 : this.#secondsSoFar(),
      history: [...this.#history],
    };
  }

  async #checkpoint(): Promise<Checkpoint> {
    // All before the first wait: the training may go on meanwhile where the caller doesn't wait for this.
    const progress = this.#progress();
    const callbacks = this.#callbacks.flatMap((callback) =>
      callback.name !== undefined && callback.save !== undefined
        ? [[callback.name, callback.save()] as const]
        : [],
    );
    return {
      registers: await this.#training.session.state(),
      progress,
      callbacks: Object.fromEntries(callbacks),
      notes: { ...this.#options.notes },
    };
  }

  #makeContext(): FitContext {
    const { session, programs, turns, validation } = this.#training;
    const measures = ["train", ...(validation === undefined ? [] : ["validation"])].flatMap((part) =>
      this.#measures.map((name) => `${part}.${name}`),
    );
    const stopped = (): Stop | undefined => this.#stopped;
    return {
      epochs: this.#epochs,
      batches: this.#batches,
      examples: this.#plan.lastBatch === "drop" ? this.#batches * this.#plan.batchSize : this.#plan.examples,
      measures,
      registers: session.registers,
      weights: weightNames(programs.predict),
      history: this.#history,
      get stopped() {
        return stopped();
      },
      stop: (reason) => {
        this.#stopped ??= { reason, aborted: false };
      },
      measure: (part) => this.#measureFor(part),
      state: (names) => session.state(names),
      writeState: (state) => turns.write(() => session.writeState(state)),
      endWith: (state) => {
        this.#ending = state;
      },
      checkpoint: () => this.#checkpoint(),
    };
  }
}

/** Names of the registers that a prediction reads. */
export const weightNames = (predict: Graph): readonly string[] => [...registersOf(predict).keys()];

/** Callbacks keep their state by name. */
function checkNames(callbacks: readonly Callback[]): void {
  const seen = new Set<string>();
  for (const { name, save } of callbacks) {
    if (name === undefined) {
      if (save !== undefined)
        throw new AdjointError(
          "attribute",
          "fit",
          "a callback has `save` and no name",
          "Name it: its state is kept by name.",
        );
      continue;
    }
    if (seen.has(name))
      throw new AdjointError(
        "attribute",
        "fit",
        `two callbacks are named "${name}"`,
        "Give one another name.",
      );
    if (!/^[\w-]+$/.test(name) || name === "__proto__")
      throw new AdjointError(
        "attribute",
        "fit",
        `callback "${name}" must have a name of letters, digits, _ and -, and not __proto__`,
      );
    seen.add(name);
  }
}
