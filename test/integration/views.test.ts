import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import { type TensorValue, evaluate } from "@adjoint/ir";
import { describe, expect, it } from "vitest";
import { viewProgram } from "./view-programs.ts";

/** Programs of each backend, and the first one's seed; the same each time unless told otherwise. */
const RUNS = Number(process.env["RUNS"] ?? 24);
const SEED = Number(process.env["SEED"] ?? 1);

/** Elements that differ, but for which NaN a NaN is. */
function differing(got: TensorValue | undefined, { data }: TensorValue): string | undefined {
  if (got?.data.length !== data.length) return `has ${got?.data.length} elements and not ${data.length}`;
  const at = Array.prototype.findIndex.call(data, (element, index) => {
    const own = got.data[index];
    return own !== element && !(Number.isNaN(own) && Number.isNaN(element));
  });
  return at === -1 ? undefined : `[${at}] is ${got.data[at]} and not ${data[at]}`;
}

async function check(seeds: number, from: number, backend: Backend): Promise<void> {
  const problems: string[] = [];
  for (let seed = from; seed < from + seeds; seed++) {
    const { graph, feeds } = viewProgram(seed);
    const expected = evaluate(graph, feeds).outputs;
    await using session = await compile({ main: graph }, { backend });
    // Again, since a first run may leave behind what the second reads.
    for (let turn = 0; turn < 2; turn++) {
      const outputs: { readonly [name: string]: TensorValue } = await session.run("main", feeds);
      for (const [name, value] of Object.entries(expected)) {
        const problem = differing(outputs[name], value);
        if (problem !== undefined) problems.push(`seed ${seed}, ${name}${problem}`);
      }
    }
  }
  expect(problems).toEqual([]);
}

describe("kernels of every form over views of every kind", () => {
  it("on the CPU backend", () => check(RUNS, SEED, cpu()));
  it.each([1, 2, 3])("on WebAssembly with checked memory, %i threads", async (threads) => {
    await check(
      RUNS,
      SEED + threads * RUNS,
      await wasm({ checked: true, threads, deterministic: threads === 2 }),
    );
  });
  it("on WebAssembly as it is", async () => {
    using backend = await wasm({ threads: 1 });
    await check(RUNS, SEED + 4 * RUNS, backend);
  });
});
