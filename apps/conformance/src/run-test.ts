import { readFileSync } from "node:fs";
import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import { AdjointError, type Graph, type TensorValue } from "@adjoint/ir";
import {
  SHAPES_AT_RUN,
  UnboundInputError,
  UnsupportedError,
  type ValueSource,
  inspectOnnx,
} from "@adjoint/onnx";
import { readOnnx } from "@adjoint/onnx/node";
import { difference } from "./compare.ts";
import type { BackendName } from "./options.ts";
import { type TestCase, type TestSet, readSets } from "./tests.ts";

export type Outcome = "passed" | "failed" | "unsupported";

export interface Result {
  readonly folder: string;
  readonly test: string;
  readonly result: Outcome;
  /** Why it did not pass. */
  readonly reason: string;
  /** Operators that the model uses. */
  readonly operators: readonly string[];
}

const backends: { readonly [name in BackendName]: () => Backend | Promise<Backend> } = {
  cpu: () => cpu(),
  wasm: () => wasm({ threads: 1 }),
};

/** Runs a test; whatever is thrown becomes its result. */
export async function runTest(test: TestCase, backend: BackendName): Promise<Result> {
  const { folder, test: name } = test;
  let operators: readonly string[] = [];
  try {
    const { inputs, outputs, operators: used } = inspectOnnx(readFileSync(test.model));
    operators = [...used.keys()];
    for (const read of readSets(test, inputs)) {
      const reason = await runSet(test, backend, { inputs, outputs }, read);
      if (reason !== undefined) return { folder, test: name, result: "failed", reason, operators };
    }
    return { folder, test: name, result: "passed", reason: "", operators };
  } catch (error) {
    const result = error instanceof UnsupportedError ? "unsupported" : "failed";
    const message = error instanceof Error ? error.message : String(error);
    // Where the runner called the import says nothing of the model, and differs by machine.
    const reason = message.replace(/(?: At|,) [^ ]*[/\\][^ ]*:\d+:\d+\.$/, (place) =>
      place.startsWith(",") ? "." : "",
    );
    return { folder, test: name, result, reason, operators };
  }
}

interface Signature {
  readonly inputs: readonly ValueSource[];
  readonly outputs: readonly ValueSource[];
}

/** What is wrong with a set's outputs, or undefined. */
async function runSet(
  test: TestCase,
  backend: BackendName,
  { inputs, outputs }: Signature,
  read: () => TestSet,
): Promise<string | undefined> {
  let set: TestSet | undefined;
  const value = (index: number): TensorValue | undefined => (set ??= read()).inputs[index];
  const graph = importModel(test.model, inputs, value);
  set ??= read();
  const feeds = Object.fromEntries(
    inputs.flatMap(({ name }, index) => {
      const fed = value(index);
      return fed !== undefined && Object.hasOwn(graph.inputs, name) ? [[name, fed]] : [];
    }),
  );
  await using session = await compile({ model: graph }, { backend: await backends[backend](), seed: 0 });
  const actual = await session.run("model", feeds);
  if (set.outputs.length === 0) return "the test has no expected outputs";
  for (const [index, expected] of set.outputs.entries()) {
    const name = outputs[index]?.name ?? "";
    const wrong = difference(name, actual[name], expected);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Binds only what the import asks for by name: inputs that decide shapes, and then the sizes of symbols. */
function importModel(
  path: string,
  inputs: readonly ValueSource[],
  value: (index: number) => TensorValue | undefined,
): Graph {
  const constants: { [input: string]: TensorValue } = {};
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
  value: (index: number) => TensorValue | undefined,
): { readonly [symbol: string]: number } {
  const sizes = new Map<string, number>();
  inputs.forEach(({ name, type }, index) => {
    if (type?.kind !== "tensor" || type.shape?.every((size) => typeof size === "number") !== false) return;
    const fed = value(index);
    type.shape.forEach((size, axis) => {
      const extent = fed?.shape[axis];
      if (typeof size !== "number" && extent !== undefined) sizes.set(size ?? `${name}_${axis}`, extent);
    });
  });
  return Object.fromEntries(sizes);
}
