import { readFileSync } from "node:fs";
import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import { UnsupportedError, type ValueSource, inspectOnnx } from "@adjoint/onnx";
import { valueDifference } from "./compare.ts";
import { type ImportedSet, importSet } from "./import-set.ts";
import type { BackendName } from "./options.ts";
import { type TestCase, readSets } from "./tests.ts";

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
    for (const read of readSets(test, { inputs, outputs })) {
      const reason = await runSet(backend, outputs, importSet(test, inputs, read));
      if (reason !== undefined) return { folder, test: name, result: "failed", reason, operators };
    }
    return { folder, test: name, result: "passed", reason: "", operators };
  } catch (error) {
    const result = error instanceof UnsupportedError ? "unsupported" : "failed";
    const message = error instanceof Error ? error.message : String(error);
    // The line in the runner that called the import says nothing about the model, and differs by machine.
    const reason = message.replace(/(?: At|,) [^ ]*[/\\][^ ]*:\d+:\d+\.$/, (place) =>
      place.startsWith(",") ? "." : "",
    );
    return { folder, test: name, result, reason, operators };
  }
}

/** The first difference in a set's outputs, or undefined. */
async function runSet(
  backend: BackendName,
  declared: readonly ValueSource[],
  { graph, feeds, outputs }: ImportedSet,
): Promise<string | undefined> {
  await using session = await compile({ model: graph }, { backend: await backends[backend](), seed: 0 });
  const actual = await session.run("model", feeds);
  if (outputs.length === 0) return "the test has no expected outputs";
  for (const [index, expected] of outputs.entries()) {
    const { name = "", type } = declared[index] ?? {};
    const wrong = valueDifference(name, actual, expected, type);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
