import { type Backend, type Feeds, compile } from "@adjoint/compiler";
import {
  type DType,
  type Graph,
  type State,
  type TensorValue,
  elementReader,
  evaluate,
  graphNodes,
} from "@adjoint/ir";
import { afterAll, beforeAll } from "vitest";
import { gpuTitle, missingGpu, nodeBackend } from "../gpu.ts";
import type { Case } from "./case.ts";
import { runConformance, startOf } from "./suite.ts";

const HELD: { readonly [D in DType]?: readonly [low: bigint, high: bigint] } = {
  i64: [-(2n ** 31n), 2n ** 31n - 1n],
  u64: [0n, 2n ** 32n - 1n],
};

/** True where an element does not fit the 32 bits in which the device holds it. */
function isWide(value: TensorValue): boolean {
  const held = HELD[value.dtype];
  if (held === undefined) return false;
  const read = elementReader(value);
  return value.data.some((_, index) => read(index) < held[0] || read(index) > held[1]);
}

/** What the README says that this backend does not do. */
function beyond(item: Case): string | undefined {
  if (missingGpu !== undefined) return missingGpu;
  const graph = item.graph();
  const tensors = [...graphNodes(graph)].flatMap((node) => node.outputs);
  if (tensors.some(({ dtype }) => dtype === "f64")) return "WGSL has no f64";
  if (item.traits?.includes("subnormal") === true) return "a device may flush subnormal numbers to zero";
  const state = startOf(item, graph);
  const results = evaluate(graph, item.feeds, { state });
  const values = [item.feeds, state, results.outputs, results.state].flatMap((list) => Object.values(list));
  return values.some(isWide) ? "64-bit integers are held in 32 bits" : undefined;
}

let backend: Backend;
beforeAll(async () => {
  if (missingGpu === undefined) backend = await nodeBackend();
});
afterAll(() => backend?.[Symbol.dispose]?.());

// Sums run in f32, where the other backends have f64: their errors are larger, by what the order of the sum allows.
runConformance(
  gpuTitle("webgpu"),
  async (graph: Graph, feeds: Feeds, state: State) => {
    await using session = await compile({ main: graph }, { backend, state });
    const outputs = await session.run("main", feeds);
    return { outputs, state: await session.state() };
  },
  { skip: beyond, tolerances: { f32: 2e-6 } },
);
