import type { Session } from "@adjoint/compiler";
import type { Dataset, Fields } from "@adjoint/datasets";
import type { Graph } from "@adjoint/ir";
import { AdjointError, type TensorValue, type TypedArray, dtypeInfo, elementCount } from "@adjoint/ir/values";
import { Averages } from "./averages.ts";
import { breather } from "./breathe.ts";
import { feedsFor } from "./feeds-for.ts";
import type { Measures } from "./records.ts";

/** The entries of a trainer's session, whatever their inputs are called. */
export type TrainingEntries = { readonly train: Graph; readonly evaluate: Graph; readonly predict: Graph };

/** The entries of a predictor's session. */
export type PredictingEntries = { readonly predict: Graph };

/** The data of a pass, and its settings. */
export interface Pass {
  readonly examples: Dataset<Fields>;
  readonly batchSize: number;
  /** Ends the pass before its end. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch. */
  readonly onBatch?: (() => void) | undefined;
}

/** Averages by example of the measures of the entry `evaluate`, over a whole data set; undefined if it was aborted. */
export async function evaluateAll(
  session: Session<TrainingEntries>,
  graph: Graph,
  { examples, batchSize, signal, onBatch }: Pass,
): Promise<Measures | undefined> {
  const averages = new Averages(Object.keys(graph.outputs));
  const breathe = breather();
  const feeds = feedsFor("evaluate", graph, examples);
  for (const [index, batch] of feeds.batches({ size: batchSize, reuse: true }).entries()) {
    const outputs = await session.run("evaluate", batch);
    averages.add(Math.min(batchSize, examples.length - index * batchSize), outputs);
    await breathe();
    onBatch?.();
    if (signal?.aborted === true) return undefined;
  }
  return averages.measures;
}

/**
 * The outputs of the entry `predict` for a whole data set, batch after batch in one array each.
 * @throws AdjointError when an output's first axis does not count the examples.
 */
export async function predictAll(
  session: Session<PredictingEntries>,
  graph: Graph,
  { examples, batchSize }: Pass,
): Promise<{ readonly [output: string]: TensorValue }> {
  const results = new Map<string, TensorValue>();
  const breathe = breather();
  const feeds = feedsFor("predict", graph, examples);
  for (const [index, batch] of feeds.batches({ size: batchSize, reuse: true }).entries()) {
    const first = index * batchSize;
    const count = Math.min(batchSize, examples.length - first);
    const outputs = await session.run("predict", batch);
    for (const [name, { dtype, shape, data }] of Object.entries(outputs)) {
      const [rows, ...rest] = shape;
      if (rows !== count) {
        throw new AdjointError(
          "shape",
          "predict",
          `output "${name}" is ${dtype}[${shape.join(", ")}] for ${count} examples`,
          "Its first axis must count the examples.",
        );
      }
      const whole = [examples.length, ...rest];
      const result = results.get(name) ?? {
        dtype,
        shape: whole,
        data: new dtypeInfo[dtype].array(elementCount(whole)),
      };
      results.set(name, result);
      copyInto(result.data, data, first * elementCount(rest));
    }
    await breathe();
  }
  return Object.fromEntries(results);
}

/** Both arrays are of one class: the output's dtype made them. */
function copyInto(target: TypedArray, source: TypedArray, at: number): void {
  const bytes = (array: TypedArray): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  bytes(target).set(bytes(source), at * source.BYTES_PER_ELEMENT);
}
