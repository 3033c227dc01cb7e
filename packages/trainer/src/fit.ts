import type { Session } from "@adjoint/compiler";
import type { Dataset, Fields } from "@adjoint/datasets";
import { AdjointError, type Graph, registersOf } from "@adjoint/ir";
import { Averages } from "./averages.ts";
import { breather } from "./breathe.ts";
import type { Callback, FitContext, Stop } from "./callback.ts";
import { type Checkpoint, checkResumable } from "./checkpoint.ts";
import { type TrainingEntries, evaluateAll } from "./evaluate.ts";
import { feedsFor } from "./examples.ts";
import { type FitOptions, fitSchema, parseOptions } from "./options.ts";
import type { DataPlan, EpochRecord, Progress } from "./progress.ts";

/** What a training came to. */
export interface FitResult {
  readonly history: readonly EpochRecord[];
  /** Steps done, resumed ones included. */
  readonly step: number;
  /** Why it ended before its last epoch; undefined where it didn't. */
  readonly stopped: Stop | undefined;
}

/** A session that can be trained, and the data that the training is measured by. */
export interface Training {
  readonly session: Session<TrainingEntries>;
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
  #epoch = 0;
  #batch = 0;
  #step = 0;
  #averages: Averages;
  /** Seconds of the epoch under way that passed before `#since`. */
  #seconds = 0;
  #since = performance.now();
  readonly #history: EpochRecord[] = [];
  #stopped: Stop | undefined;

  constructor(training: Training, options: FitOptions) {
    const { epochs, batchSize, shuffle = training.seed, lastBatch } = parseOptions("fit", fitSchema, options);
    this.#training = training;
    this.#options = options;
    this.#callbacks = options.callbacks ?? [];
    checkNames(this.#callbacks);
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

  async run(): Promise<FitResult> {
    const { resume, signal } = this.#options;
    if (resume !== undefined) await this.#resume(resume);
    const context = this.#context;
    for (const callback of this.#callbacks) await callback.onTrainBegin?.(context);
    if (signal?.aborted === true && this.#epoch < this.#epochs) this.#abort();
    while (this.#epoch < this.#epochs && this.#stopped === undefined) {
      await this.#steps();
      if (this.#stopped !== undefined) break;
      const record = await this.#finishEpoch();
      if (record === undefined) break;
      for (const callback of this.#callbacks) await callback.onEpochEnd?.(record, context);
      if (signal?.aborted === true && this.#epoch < this.#epochs) this.#abort();
    }
    for (const callback of this.#callbacks) await callback.onTrainEnd?.(context);
    return { history: [...this.#history], step: this.#step, stopped: this.#stopped };
  }

  /** The steps of the epoch under way, from where it stands. */
  async #steps(): Promise<void> {
    const { session } = this.#training;
    const { signal } = this.#options;
    const { batchSize, shuffle, lastBatch, examples: all } = this.#plan;
    const [epoch, epochs, batches, context] = [this.#epoch + 1, this.#epochs, this.#batches, this.#context];
    this.#since = performance.now();
    for (const callback of this.#callbacks)
      await callback.onEpochBegin?.({ epoch, epochs, done: this.#batch, batches }, context);
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
    const { session, programs, validation: examples } = this.#training;
    const { signal } = this.#options;
    const { batchSize } = this.#plan;
    const measured =
      examples && (await evaluateAll(session, programs.evaluate, { examples, batchSize, signal }));
    if (examples !== undefined && measured === undefined) {
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

  async #resume(checkpoint: Checkpoint): Promise<void> {
    const { session } = this.#training;
    checkResumable(checkpoint, session.registers, this.#plan);
    const { progress, registers, callbacks } = checkpoint;
    if (progress.epoch > this.#epochs || (progress.epoch === this.#epochs && progress.batch > 0)) {
      throw new AdjointError(
        "state",
        "resume",
        `the checkpoint is in epoch ${progress.epoch + 1}, and epochs is ${this.#epochs}`,
        "Give epochs in all, those that are done among them.",
      );
    }
    await session.writeState(registers);
    this.#epoch = progress.epoch;
    this.#batch = progress.batch;
    this.#step = progress.step;
    this.#averages = new Averages(this.#measures, progress.sums);
    this.#seconds = progress.seconds;
    this.#history.push(...progress.history);
    for (const callback of this.#callbacks) {
      const state =
        callback.name !== undefined && Object.hasOwn(callbacks, callback.name)
          ? callbacks[callback.name]
          : undefined;
      if (state !== undefined) callback.restore?.(state);
    }
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
    const callbacks = this.#callbacks.flatMap((callback) =>
      callback.name !== undefined && callback.save !== undefined
        ? [[callback.name, callback.save()] as const]
        : [],
    );
    return {
      registers: await this.#training.session.state(),
      progress: this.#progress(),
      callbacks: Object.fromEntries(callbacks),
      notes: { ...this.#options.notes },
    };
  }

  #makeContext(): FitContext {
    const { session, programs, validation } = this.#training;
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
      state: (names) => session.state(names),
      writeState: (state) => session.writeState(state),
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
    if (!/^[\w-]+$/.test(name))
      throw new AdjointError(
        "attribute",
        "fit",
        `callback "${name}" must have a name of letters, digits, _ and -`,
      );
    seen.add(name);
  }
}
