import { z } from "zod";
import type { Callback } from "../callback.ts";
import { parseOptions } from "../options.ts";
import { type EpochRecord, type StepRecord, stepRecords } from "../progress.ts";

/** What `history` takes. */
export interface HistoryOptions {
  /** Steps from one kept measurement to the next, 1 by default. */
  readonly every?: number | undefined;
}

/** A `history` callback and what it kept. */
export interface History extends Callback {
  readonly steps: readonly StepRecord[];
  readonly epochs: readonly EpochRecord[];
}

const optionsSchema = z.strictObject({
  every: z.int("must be a whole number ≥ 1").min(1, "must be a whole number ≥ 1").default(1),
});

/** Keeps what steps and epochs were measured by, for plots and files. Checkpoints carry it. */
export function history(options: HistoryOptions = {}): History {
  const { every } = parseOptions("history", optionsSchema, options);
  let steps: StepRecord[] = [];
  let epochs: readonly EpochRecord[] = [];
  return {
    name: "history",
    get steps() {
      return steps;
    },
    get epochs() {
      return epochs;
    },
    onTrainBegin(context) {
      epochs = context.history;
    },
    onStep({ step, loss, metrics }) {
      if (step % every === 0) steps.push({ step, loss, metrics });
    },
    save: () => ({ data: steps }),
    restore(state) {
      steps = [...parseOptions("history in the checkpoint", stepRecords, state.data)];
    },
  };
}
