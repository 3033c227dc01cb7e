import { type Session, type SessionOptions, compile } from "@adjoint/compiler";
import type { Dataset, Fields } from "@adjoint/datasets";
import type { DType, State, TensorValue } from "@adjoint/ir";
import { type Declaration, type Programs, checkPrograms, trainingPrograms } from "./declaration.ts";
import { type TrainingEntries, evaluateAll, predictAll } from "./evaluate.ts";
import { FitRun, type FitResult, weightNames } from "./fit.ts";
import { type FitOptions, type PassOptions, parsePass } from "./options.ts";
import { Turns } from "./turns.ts";

/** A data set with at least the fields that are named. */
export type Examples<N extends string> = Dataset<Fields & { readonly [field in N]: DType }>;

/**
 * A session of three programs (a step, its measures, a prediction) with the loops around them. Data sets have a field for
 * each input of the program; other fields are left out.
 */
export class Trainer<
  I extends string = string,
  T extends string = never,
  M extends string = never,
  O extends string = string,
> implements AsyncDisposable {
  /** The session of the programs: for single runs, for registers by name, for `explain`. */
  readonly session: Session<TrainingEntries>;
  readonly programs: Programs<I, T, M, O>;
  readonly #seed: number;
  readonly #turns = new Turns();

  private constructor(session: Session<TrainingEntries>, programs: Programs<I, T, M, O>, seed: number) {
    this.session = session;
    this.programs = programs;
    this.#seed = seed;
  }

  /** Compiles the programs. */
  static async open<I extends string, T extends string, M extends string, O extends string>(
    programs: Programs<I, T, M, O>,
    options: SessionOptions,
  ): Promise<Trainer<I, T, M, O>> {
    checkPrograms(programs);
    return new Trainer(await compile<TrainingEntries>(programs, options), programs, options.seed ?? 0);
  }

  /**
   * Trains: `epochs` passes over the examples in batches, a step each. Bit for bit the same for one seed, also where it
   * was stopped and resumed.
   * @param validation examples that each epoch is measured by.
   * One training runs at a time. Meanwhile `evaluate`, `predict`, `weights` and `state` see the registers between two steps;
   * a pass over data holds the training up until its end, so that it sees one set of weights.
   * @throws AdjointError for a wrong setting, data that don't fit, a checkpoint of another run, a training under way, a callback
   * that doesn't come back after an abort; DatasetError from the data.
   */
  fit(
    examples: Examples<I | T>,
    options: FitOptions & { readonly validation?: Examples<I | T> | undefined },
  ): Promise<FitResult> {
    const { session, programs } = this;
    return new FitRun(
      { session, programs, turns: this.#turns, seed: this.#seed, examples, validation: options.validation },
      options,
    ).run();
  }

  /** The loss and the metrics outside training, as averages by example: also right where the last batch is smaller. */
  async evaluate(
    examples: Examples<I | T>,
    options: PassOptions = {},
  ): Promise<{ readonly [measure in "loss" | M]: number }> {
    const pass = { examples, batchSize: parsePass("evaluate", options) };
    const measured = await this.#turns.pass(() => evaluateAll(this.session, this.programs.evaluate, pass));
    // The measures are the outputs of the program, and nothing aborts this pass.
    return { loss: measured?.loss, ...measured?.metrics } as { readonly [measure in "loss" | M]: number };
  }

  /** The outputs of the program `predict` for all examples, in arrays whose first axis counts them. */
  async predict(
    examples: Examples<I>,
    options: PassOptions = {},
  ): Promise<{ readonly [output in O]: TensorValue }> {
    const pass = { examples, batchSize: parsePass("predict", options) };
    const results = await this.#turns.pass(() => predictAll(this.session, this.programs.predict, pass));
    // The names are the outputs of the program.
    return results as { readonly [output in O]: TensorValue };
  }

  /** Copies the registers that predictions depend on: what to keep of a trained model. */
  weights(): Promise<State> {
    return this.session.state(weightNames(this.programs.predict));
  }

  /** Copies all registers, the optimizer's and the random counter among them. */
  state(): Promise<State> {
    return this.session.state();
  }

  /** Overwrites registers by name, after the passes over data that are under way; the others stay. */
  writeState(state: State): Promise<void> {
    return this.#turns.write(() => this.session.writeState(state));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.session[Symbol.asyncDispose]();
  }

  /** Releases the session's memory; the same as leaving an `await using` block. */
  close(): Promise<void> {
    return this.session.close();
  }
}

/**
 * A trainer of a declared model, or of programs of your own.
 * @example
 * await using trainer = await createTrainer(
 *   { model, input: { name: "images", dtype: "f32", shape: [28, 28] }, target: { name: "labels", dtype: "i32", shape: [] },
 *     loss: crossEntropy, optimizer: adam(), metrics: { accuracy } },
 *   { backend: cpu(), seed: 1 },
 * );
 */
export function createTrainer<I extends string, T extends string = never, M extends string = never>(
  declaration: Declaration<I, T, M>,
  options: SessionOptions,
): Promise<Trainer<I, T, M, "output">>;
export function createTrainer<I extends string, T extends string, M extends string, O extends string>(
  programs: Programs<I, T, M, O>,
  options: SessionOptions,
): Promise<Trainer<I, T, M, O>>;
export function createTrainer(
  given: Declaration<string, string, string> | Programs<string, string, string>,
  options: SessionOptions,
): Promise<Trainer<string, string, string>> {
  return Trainer.open("train" in given ? given : trainingPrograms(given), options);
}
