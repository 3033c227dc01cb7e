import { AdjointError, type State } from "@adjoint/ir";
import {
  boolean,
  int,
  nonNegative,
  nullable,
  number,
  oneOf,
  optional,
  parseSettings,
  strictObject,
  string,
  whole,
  withDefault,
} from "@adjoint/ir/schema";
import { Beginning, type Callback, type FitContext } from "../callback.ts";
import { firstNotFinite } from "../finite.ts";
import type { EpochRecord } from "../records.ts";

/** Options of `earlyStopping`. */
export interface EarlyStoppingOptions {
  /** The measure that is to improve: `validation.loss` by default, else `train.loss`, `validation.accuracy`, and so on. */
  readonly monitor?: string | undefined;
  /** Epochs without improvement after which the training ends, 3 by default. */
  readonly patience?: number | undefined;
  /** An improvement is better by more than this; 0 by default. */
  readonly minDelta?: number | undefined;
  /** Whether less or more is better: "max" for measures whose name ends in accuracy, else "min", by default. */
  readonly mode?: "min" | "max" | undefined;
  /** Puts back the registers of the best epoch at the end; true by default. */
  readonly restoreBest?: boolean | undefined;
}

const optionsSchema = strictObject({
  monitor: withDefault(string(), "validation.loss"),
  patience: withDefault(whole(1), 3),
  minDelta: withDefault(nonNegative, 0),
  mode: optional(oneOf(["min", "max"], 'must be "min" or "max"')),
  restoreBest: withDefault(boolean(), true),
});
const dataSchema = strictObject({ best: nullable(number()), epoch: int(), waited: int() });

/** An `earlyStopping` callback and what it found. */
export interface EarlyStopping extends Callback {
  /** The best epoch so far, from 1, and its measure. */
  readonly best: { readonly epoch: number; readonly value: number } | undefined;
}

/**
 * Ends the training when a measure stopped improving, and leaves it with the registers of the best epoch (weights, running
 * statistics, and the optimizer's that belong to them), of which it keeps a copy. A training that is aborted keeps its last
 * registers, to be resumed. Checkpoints carry its state.
 *
 * The weights kept are those that the measure belongs to. The average of an epoch's steps, each measured before its update, belongs to no
 * weights: so with `restoreBest`, a measure of `train` is taken again by the weights at the epoch's end, which costs a pass over
 * the training examples. A value or a register that is not finite is never the best.
 * Source: Prechelt, "Early Stopping — But When?" (1998).
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): EarlyStopping {
  const { monitor, patience, minDelta, mode, restoreBest } = parseSettings(
    "earlyStopping",
    optionsSchema,
    options,
  );
  const sign = (mode ?? (/accuracy$/i.test(monitor) ? "max" : "min")) === "max" ? -1 : 1;
  const [part, ...rest] = monitor.split(".");
  const measure = rest.join(".");
  const beginning = new Beginning();
  let best: { readonly epoch: number; readonly value: number } | undefined;
  let registers: State | undefined;
  let waited = 0;
  const stopWhereOver = (context: FitContext): void => {
    if (waited < patience) return;
    const since =
      best === undefined
        ? "was never a number"
        : `has not improved since epoch ${best.epoch} (${best.value})`;
    context.stop(`${monitor} ${since}.`);
  };
  const valueOf = async (record: EpochRecord, context: FitContext): Promise<number> => {
    const of = part === "validation" ? "validation" : "train";
    const measures = restoreBest ? await context.measure(of) : record[of];
    const value = measure === "loss" ? measures?.loss : measures?.metrics[measure];
    return value ?? Number.NaN;
  };
  /** A copy to keep; undefined if it is not finite. */
  const copy = async (context: FitContext): Promise<State | undefined> => {
    const state = await context.state();
    return firstNotFinite(state, context.registers) === undefined ? state : undefined;
  };
  return {
    name: "early-stopping",
    get best() {
      return best;
    },
    onTrainBegin(context) {
      checkMonitor("earlyStopping", monitor, context);
      if (beginning.isNew()) {
        best = undefined;
        registers = undefined;
        waited = 0;
      }
      // A training that ended here goes on only where there is more patience now.
      stopWhereOver(context);
    },
    async onEpochEnd(record, context) {
      const value = await valueOf(record, context);
      const better =
        Number.isFinite(value) && (best === undefined || sign * value < sign * best.value - minDelta);
      const kept = better && restoreBest ? await copy(context) : undefined;
      if (better && (!restoreBest || kept !== undefined)) {
        best = { epoch: record.epoch, value };
        registers = kept;
        waited = 0;
        return;
      }
      waited++;
      stopWhereOver(context);
    },
    onTrainEnd(context) {
      if (registers !== undefined && context.stopped?.aborted !== true) context.endWith(registers);
    },
    save: () => ({
      data: { best: best?.value ?? null, epoch: best?.epoch ?? 0, waited },
      ...(registers && { tensors: registers }),
    }),
    restore(state) {
      const data = parseSettings("earlyStopping in the checkpoint", dataSchema, state.data);
      beginning.restored();
      best = data.best === null ? undefined : { epoch: data.epoch, value: data.best };
      waited = data.waited;
      registers = restoreBest && Object.keys(state.tensors ?? {}).length > 0 ? state.tensors : undefined;
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
