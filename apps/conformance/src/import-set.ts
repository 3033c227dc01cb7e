import { AdjointError, type Graph, type TensorValue } from "@adjoint/ir";
import {
  type HostTensor,
  type HostValue,
  SHAPES_AT_RUN,
  UnboundInputError,
  UnsupportedError,
  type ValueSource,
} from "@adjoint/onnx";
import { readOnnx } from "@adjoint/onnx/node";
import type { TestCase, TestSet } from "./tests.ts";

/** A test's model with what a set feeds it, and what it should give. */
export interface ImportedSet {
  readonly graph: Graph;
  readonly feeds: { readonly [input: string]: TensorValue };
  /** The expected value of each output. */
  readonly outputs: readonly HostValue[];
  /** The tensors in them. */
  readonly expected: readonly TensorValue[];
}

/** Imports a test's model for one of its sets, which is read only where the model needs it or has been imported. */
export function importSet(test: TestCase, inputs: readonly ValueSource[], read: () => TestSet): ImportedSet {
  let set: TestSet | undefined;
  const value = (index: number): HostValue | undefined => (set ??= read()).inputs[index];
  const graph = importModel(test.model, inputs, value);
  set ??= read();
  const feeds = Object.fromEntries(
    inputs.flatMap(({ name }, index) => {
      const fed = value(index);
      return isTensor(fed) && Object.hasOwn(graph.inputs, name) ? [[name, fed]] : [];
    }),
  );
  return { graph, feeds, outputs: set.outputs, expected: set.outputs.flatMap(tensorsOf) };
}

const isTensor = (value: HostValue | undefined): value is HostTensor =>
  typeof value === "object" && value !== null && "dtype" in value;

function tensorsOf(value: HostValue): readonly TensorValue[] {
  if (value === null) return [];
  return isTensor(value) ? [value] : value.flatMap(tensorsOf);
}

/** Binds only what the import asks for by name: inputs that decide shapes, and then the sizes of symbols. */
function importModel(
  path: string,
  inputs: readonly ValueSource[],
  value: (index: number) => HostValue | undefined,
): Graph {
  const constants: { [input: string]: HostValue } = {};
  let dims: { readonly [symbol: string]: number } | undefined;
  for (;;) {
    try {
      return readOnnx(path, { constants, ...(dims && { dims }) });
    } catch (error) {
      const asked = error instanceof UnboundInputError ? error.inputs : [];
      const open = asked.filter((name) => !Object.hasOwn(constants, name));
      for (const name of open) {
        const bound = value(inputs.findIndex((other) => other.name === name));
        if (bound === undefined) throw error;
        constants[name] = bound;
      }
      if (open.length > 0) continue;
      const sizes = dims === undefined && restsOnSizes(error) ? sizesOf(inputs, value) : {};
      if (Object.keys(sizes).length === 0) throw error;
      dims = sizes;
    }
  }
}

/** Errors that may go away once symbols have sizes: not those of operators and types that can't be imported at all. */
const restsOnSizes = (error: unknown): boolean =>
  error instanceof UnsupportedError ? error.features.has(SHAPES_AT_RUN) : error instanceof AdjointError;

/** The sizes that the test's inputs give to symbols, as a session would bind them at the run. */
function sizesOf(
  inputs: readonly ValueSource[],
  value: (index: number) => HostValue | undefined,
): { readonly [symbol: string]: number } {
  const sizes = new Map<string, number>();
  inputs.forEach(({ name, type }, index) => {
    if (type?.kind !== "tensor" || type.shape?.every((size) => typeof size === "number") !== false) return;
    const fed = value(index);
    type.shape.forEach((size, axis) => {
      const extent = isTensor(fed) ? fed.shape[axis] : undefined;
      if (typeof size !== "number" && extent !== undefined) sizes.set(size ?? `${name}_${axis}`, extent);
    });
  });
  return Object.fromEntries(sizes);
}
