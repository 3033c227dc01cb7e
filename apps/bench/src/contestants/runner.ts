import type { Arrays } from "../tasks/arrays.ts";
import type { Job } from "../tasks/task.ts";

/** A task ready to run. */
export interface Runner {
  /** Of the library that runs it. */
  readonly version: string;
  /** One unit of the work, done when it returns or resolves; a training step gives its loss. */
  step(): number | void | Promise<number | void>;
  /** The result of the last step: logits, or the array that was computed. Training has its losses instead. */
  result?(): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** GFLOP/s of one thread that never leaves its registers, measured now. */
  peak?(): number;
}

/** Loads a library and prepares a task in it. */
export type Prepare = (job: Job, arrays: Arrays) => Promise<Runner>;

/** The next of `LABEL_SETS` sets, round and round. */
export function roundAndRound<T>(sets: readonly T[]): () => T {
  let turn = 0;
  return () => {
    const set = sets[turn++ % sets.length];
    if (set === undefined) throw new Error("no sets to go round");
    return set;
  };
}

/** The labels of each set. */
export const labelSets = (labels: Int32Array, batch: number): readonly Int32Array[] =>
  Array.from({ length: labels.length / batch }, (_, set) => labels.slice(set * batch, (set + 1) * batch));

/** Rows with a 1 at the label and 0 elsewhere, one after another. */
export function oneHot(labels: Int32Array, classes: number): Float32Array {
  const rows = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => {
    rows[row * classes + label] = 1;
  });
  return rows;
}
