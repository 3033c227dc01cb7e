import { AdjointError, type State, type TensorValue } from "@adjoint/ir";
import {
  type Schema,
  array,
  parseSettings,
  strictObject,
  string,
  whole,
  withDefault,
} from "@adjoint/ir/schema";
import { Beginning, type Callback } from "../callback.ts";
import type { CallbackState } from "../checkpoint.ts";
import { type EpochRecord, type StepRecord, stepRecords } from "../records.ts";

/** Options of `history`. */
export interface HistoryOptions {
  /** Steps from one kept measurement to the next, 1 by default. */
  readonly every?: number | undefined;
}

/** A `history` callback and what it kept. */
export interface History extends Callback {
  readonly steps: readonly StepRecord[];
  readonly epochs: readonly EpochRecord[];
}

const optionsSchema = strictObject({
  every: withDefault(whole(1), 1),
});

/** The measures of each step, as columns: a history of millions of steps stays small and quick to write. */
interface Columns {
  readonly metrics: readonly string[];
}

const columnsSchema: Schema<Columns> = strictObject({ metrics: array(string()) });

/**
 * Keeps what steps and epochs were measured by, for plots and files. Checkpoints carry it, as tensors of f64. A metric that a
 * resumed run measures and the one before did not is NaN where it is missing.
 */
export function history(options: HistoryOptions = {}): History {
  const { every } = parseSettings("history", optionsSchema, options);
  const beginning = new Beginning();
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
      if (beginning.isNew()) steps = [];
      epochs = context.history;
    },
    onStep({ step, loss, metrics }) {
      if (step % every === 0) steps.push({ step, loss, metrics });
    },
    save: () => columnsOf(steps),
    restore(state) {
      beginning.restored();
      steps = [...recordsOf(state)];
    },
  };
}

function columnsOf(steps: readonly StepRecord[]): CallbackState {
  const names = new Set<string>();
  for (const record of steps) for (const name of Object.keys(record.metrics)) names.add(name);
  const metrics = [...names];
  const column = (value: (record: StepRecord) => number): TensorValue => {
    const data = new Float64Array(steps.length);
    steps.forEach((record, index) => (data[index] = value(record)));
    return { dtype: "f64", shape: [steps.length], data };
  };
  return {
    data: { metrics },
    tensors: Object.fromEntries([
      ["step", column(({ step }) => step)],
      ["loss", column(({ loss }) => loss)],
      ...metrics.map((name, index) => [
        metricColumn(index),
        column((record) =>
          Object.hasOwn(record.metrics, name) ? (record.metrics[name] ?? Number.NaN) : Number.NaN,
        ),
      ]),
    ]),
  };
}

const metricColumn = (index: number): string => `metric_${index}`;

/** @throws AdjointError if columns are missing or of different lengths. */
function recordsOf({ data, tensors = {} }: CallbackState): readonly StepRecord[] {
  // So the first version kept them.
  if (Array.isArray(data)) return parseSettings("history in the checkpoint", stepRecords, data);
  const { metrics } = parseSettings("history in the checkpoint", columnsSchema, data);
  const count = columnOf(tensors, "step").length;
  const column = (name: string): Float64Array => columnOf(tensors, name, count);
  const [steps, losses] = [column("step"), column("loss")];
  const columns = metrics.map((name, index) => [name, column(metricColumn(index))] as const);
  return Array.from(steps, (step, index) => ({
    step,
    loss: losses[index] ?? Number.NaN,
    metrics: Object.fromEntries(columns.map(([name, values]) => [name, values[index] ?? Number.NaN])),
  }));
}

function columnOf(tensors: State, name: string, count?: number): Float64Array {
  const { data } = (Object.hasOwn(tensors, name) ? tensors[name] : undefined) ?? {};
  if (data instanceof Float64Array && (count === undefined || data.length === count)) return data;
  throw new AdjointError(
    "state",
    "history in the checkpoint",
    `column "${name}" is no f64[${count ?? "steps"}]`,
    "The file is damaged.",
  );
}
