import type { State } from "@adjoint/ir";
import type { RegisterAttributes } from "@adjoint/ir/graph";
import type { CallbackState, Checkpoint } from "./checkpoint.ts";
import type { EpochRecord, Measures } from "./records.ts";

/** The results of a step. Counts are from 1: the 100th step of the first epoch has `epoch` 1 and `batch` 100. */
export interface StepInfo extends Measures {
  readonly epoch: number;
  readonly epochs: number;
  /** The number of this batch within the epoch, of `batches`. */
  readonly batch: number;
  readonly batches: number;
  /** Steps done since training began, over all epochs and resumed runs. */
  readonly step: number;
  /** Examples in this batch. */
  readonly examples: number;
  /** Averages by example over the epoch so far, `loss` among them. */
  readonly averages: Measures;
}

/** The argument of `onEpochBegin`. */
export interface EpochInfo {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches done in this epoch already: above 0 where a run is resumed within it. */
  readonly done: number;
  readonly batches: number;
}

/** Why a training ended before its last epoch. */
export interface Stop {
  /** A sentence. */
  readonly reason: string;
  /** True when the `signal` of `fit` asked for it. */
  readonly aborted: boolean;
}

/** The means of a callback while `fit` runs. */
export interface FitContext {
  readonly epochs: number;
  /** Batches of an epoch. */
  readonly batches: number;
  /** Examples of an epoch. */
  readonly examples: number;
  /** The name of a measure of an epoch: `train.loss`, `validation.loss` if there is validation, and so on. */
  readonly measures: readonly string[];
  /** The registers of the session, by name, in the order of the training program. */
  readonly registers: ReadonlyMap<string, RegisterAttributes>;
  /** Names of the registers that predictions depend on: parameters and running statistics. */
  readonly weights: readonly string[];
  /** The epochs so far. */
  readonly history: readonly EpochRecord[];
  /** Asked to stop, and by what. */
  readonly stopped: Stop | undefined;
  /** Ends the training after the current step or epoch; the other callbacks still run, then `onTrainEnd`. */
  stop(reason: string): void;
  /**
   * The measures of the training or the validation examples by the weights as they are now, outside training. The loss of a
   * step belongs to the weights before its update, and the averages of an epoch to no weights at all; these belong to those
   * that `state` copies. Takes a pass over the examples, unless they were measured since the weights last changed.
   * @throws AdjointError if `fit` was given no validation examples.
   */
  measure(part: "train" | "validation"): Promise<Measures>;
  /** Copies registers, all by default. */
  state(names?: readonly string[]): Promise<State>;
  /** Overwrites registers. */
  writeState(state: State): Promise<void>;
  /**
   * Leaves these registers behind when the training ends, after every `onTrainEnd`: checkpoints and callbacks of the end
   * still see those of the last step. The last call counts; undefined takes it back.
   */
  endWith(state: State | undefined): void;
  /** All that a later run needs to go on from here. */
  checkpoint(): Promise<Checkpoint>;
}

type Hook<A extends readonly unknown[]> = (...args: A) => void | Promise<void>;

/**
 * Something that watches or steers a training. Hooks are called in the order in which callbacks were given, each awaited
 * before the next; those of callbacks with `runsLast` come after all others. What a hook throws ends `fit`.
 */
export interface Callback {
  /** Names its state in checkpoints; needed by callbacks with `save`. Unique among the callbacks of a `fit`. */
  readonly name?: string;
  /** True for what keeps the state of others, such as checkpoints. */
  readonly runsLast?: boolean;
  readonly onTrainBegin?: Hook<[context: FitContext]>;
  readonly onEpochBegin?: Hook<[info: EpochInfo, context: FitContext]>;
  readonly onStep?: Hook<[info: StepInfo, context: FitContext]>;
  readonly onEpochEnd?: Hook<[record: EpochRecord, context: FitContext]>;
  readonly onTrainEnd?: Hook<[context: FitContext]>;
  /** The state that a resumed run needs. */
  readonly save?: () => CallbackState;
  /** Called before `onTrainBegin` where a run is resumed. A callback without it there begins anew. */
  readonly restore?: (state: CallbackState) => void;
}

/** Tells a callback that is used again whether a training goes on or begins anew. */
export class Beginning {
  #restored = false;

  /** To be called by `restore`. */
  restored(): void {
    this.#restored = true;
  }

  /** To be called by `onTrainBegin`. @returns whether nothing was restored since the last. */
  isNew(): boolean {
    const restored = this.#restored;
    this.#restored = false;
    return !restored;
  }
}
