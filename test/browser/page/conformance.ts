import { type Backend, type Feeds, compile } from "@adjoint/compiler";
import type { Graph, State } from "@adjoint/ir";
import { type ConformanceOptions, type Run, checkCase, subjects } from "../../conformance/check.ts";
import { webgpuOptions } from "../../conformance/webgpu.ts";
import type { BackendName, Works } from "../task.ts";

const options: { readonly [B in BackendName]: ConformanceOptions } = {
  cpu: {},
  wasm: {},
  wasmPlain: {},
  webgpu: webgpuOptions,
};

const runOn =
  (backend: Backend): Run =>
  async (graph: Graph, feeds: Feeds, state: State) => {
    await using session = await compile({ main: graph }, { backend, state });
    const outputs = await session.run("main", feeds);
    return { outputs, state: await session.state() };
  };

/** The conformance suite without a test runner. */
export async function conformance(
  backend: Backend,
  { backend: name }: Works["conformance"]["ask"],
): Promise<Works["conformance"]["answer"]> {
  const run = runOn(backend);
  const skipped: { [reason: string]: number } = {};
  const failed: string[] = [];
  let passed = 0;
  for (const [subject, items] of subjects) {
    for (const item of items) {
      const reason = options[name].skip?.(item, subject);
      if (reason !== undefined) {
        skipped[reason] = (skipped[reason] ?? 0) + 1;
        continue;
      }
      try {
        await checkCase(item, run, options[name]);
        passed++;
      } catch (error) {
        failed.push(`${subject}, ${item.name}: ${String(error)}`);
      }
    }
  }
  return { passed, skipped, failed };
}
