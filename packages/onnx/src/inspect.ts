import { usedOperators } from "./import/used-operators.ts";
import { decodeModel } from "./proto/decode.ts";
import type { ModelSource, ValueSource } from "./proto/model.ts";

/** Facts about a model's file, read without importing it. */
export interface OnnxSummary {
  readonly irVersion: number;
  readonly producer: string;
  /** Versions by domain; ONNX's own is "". */
  readonly opsets: ReadonlyMap<string, number>;
  /** Names of inputs that are not weights, in the file's order. */
  readonly inputs: readonly ValueSource[];
  readonly outputs: readonly ValueSource[];
  /** The number of uses of each operator, sub-graphs and functions included. */
  readonly operators: ReadonlyMap<string, number>;
  readonly metadata: { readonly [key: string]: string };
}

/** Reads what a model says of itself. @throws AdjointError for broken bytes. */
export function inspectOnnx(bytes: Uint8Array): OnnxSummary {
  const model = decodeModel(bytes);
  const { irVersion, producer, opsets, metadata } = model;
  return {
    irVersion,
    producer,
    opsets,
    inputs: openInputs(model),
    outputs: model.graph.outputs,
    operators: usedOperators(model),
    metadata,
  };
}

/** The inputs that are to be fed: old models list their weights among the inputs. */
export function openInputs({ graph }: ModelSource): readonly ValueSource[] {
  const listed = new Set(graph.inputs.map(({ name }) => name));
  const weights = new Set(graph.sparseInitializers.map(({ values }) => values?.name ?? ""));
  for (const name of graph.initializerNames) if (listed.has(name)) weights.add(name);
  return graph.inputs.filter(({ name }) => !weights.has(name));
}
