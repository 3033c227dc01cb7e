import { AdjointError, type State } from "@adjoint/ir";
import { z } from "zod";
import type { Callback, FitContext } from "../callback.ts";
import { parseOptions } from "../options.ts";
import type { EpochRecord } from "../progress.ts";

/** What `earlyStopping` takes. */
export interface EarlyStoppingOptions {
  /** What is to improve: `validation.loss` by default, else `train.loss`, `validation.accuracy`, and so on. */
  readonly monitor?: string | undefined;
  /** Epochs without improvement after which the training ends, 3 by default. */
  readonly patience?: number | undefined;
  /** What counts as improvement must be better by more than this; 0 by default. */
  readonly minDelta?: number | undefined;
  /** Whether less or more is better: "max" for measures whose name ends in accuracy, else "min", by default. */
  readonly mode?: "min" | "max" | undefined;
  /** Puts back the weights of the best epoch at the end; true by default. */
  readonly restoreBest?: boolean | undefined;
}

const optionsSchema = z.strictObject({
  monitor: z.string().default("validation.loss"),
  patience: z.int("must be a whole number ≥ 1").min(1, "must be a whole number ≥ 1").default(3),
  minDelta: z.number("must be a number ≥ 0").min(0, "must be a number ≥ 0").default(0),
  mode: z.enum(["min", "max"], 'must be "min" or "max"').optional(),
  restoreBest: z.boolean().default(true),
});
const dataSchema = z.strictObject({ best: z.number().nullable(), epoch: z.int(), waited: z.int() });

/** An `earlyStopping` callback and what it found. */
export interface EarlyStopping extends Callback {
  /** The best epoch so far, from 1, and its measure. */
  readonly best: { readonly epoch: number; readonly value: number } | undefined;
}

/**
 * Ends the training when a measure stopped improving, and puts back the weights (parameters and running statistics) of the
 * best epoch, of which it keeps a copy. A training that is aborted keeps its last weights, to be resumed; NaN never improves.
 * Give it after callbacks whose `onTrainEnd` wants the last weights. Checkpoints carry its state.
 * Source: Prechelt, "Early Stopping — But When?" (1998).
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): EarlyStopping {
  const { monitor, patience, minDelta, mode, restoreBest } = parseOptions(
    "earlyStopping",
    optionsSchema,
    options,
  );
  const sign = (mode ?? (/accuracy$/i.test(monitor) ? "max" : "min")) === "max" ? -1 : 1;
  let best: { readonly epoch: number; readonly value: number } | undefined;
  let weights: State | undefined;
  let waited = 0;
  return {
    name: "early-stopping",
    get best() {
      return best;
    },
    onTrainBegin(context) {
      checkMonitor("earlyStopping", monitor, context);
    },
    async onEpochEnd(record, context) {
      const value = measureOf(record, monitor);
      const better = best === undefined ? !Number.isNaN(value) : sign * value < sign * best.value - minDelta;
      if (better) {
        best = { epoch: record.epoch, value };
        waited = 0;
        if (restoreBest) weights = await context.state(context.weights);
        return;
      }
      waited++;
      if (waited < patience) return;
      const since =
        best === undefined
          ? "was never a number"
          : `has not improved since epoch ${best.epoch} (${best.value})`;
      context.stop(`${monitor} ${since}.`);
    },
    async onTrainEnd(context) {
      if (weights !== undefined && context.stopped?.aborted !== true) await context.writeState(weights);
    },
    save: () => ({
      data: { best: best?.value ?? null, epoch: best?.epoch ?? 0, waited },
      ...(weights && { tensors: weights }),
    }),
    restore(state) {
      const data = parseOptions("earlyStopping in the checkpoint", dataSchema, state.data);
      best = data.best === null ? undefined : { epoch: data.epoch, value: data.best };
      waited = data.waited;
      weights = restoreBest && Object.keys(state.tensors ?? {}).length > 0 ? state.tensors : undefined;
    },
  };
}

/** Refuses a measure that epochs don't have. */
function checkMonitor(operation: string, monitor: string, context: FitContext): void {
  if (context.measures.includes(monitor)) return;
  throw new AdjointError(
    "attribute",
    operation,
    `"${monitor}" is not measured`,
    `Measured are ${context.measures.join(", ")}${context.measures.some((name) => name.startsWith("validation.")) ? "" : "; give fit a validation set for more"}.`,
  );
}

/** `validation.accuracy` of an epoch; NaN where it lacks it. */
function measureOf(record: EpochRecord, monitor: string): number {
  const [part, ...rest] = monitor.split(".");
  const measures = part === "validation" ? record.validation : record.train;
  const name = rest.join(".");
  return (name === "loss" ? measures?.loss : measures?.metrics[name]) ?? NaN;
}
