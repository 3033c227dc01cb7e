import { evaluate } from "@adjoint/ir";
import { graphNodes } from "@adjoint/ir/graph";
import { type DType, type TensorValue, elementReader } from "@adjoint/ir/values";
import type { Case } from "./case.ts";
import { type ConformanceOptions, startOf } from "./check.ts";

const HELD: { readonly [D in DType]?: readonly [low: bigint, high: bigint] } = {
  i64: [-(2n ** 31n), 2n ** 31n - 1n],
  u64: [0n, 2n ** 32n - 1n],
};

/** True where an element does not fit the 32 bits in which the device holds it. */
export function isWide(value: TensorValue): boolean {
  const held = HELD[value.dtype];
  if (held === undefined) return false;
  const read = elementReader(value);
  return value.data.some((_, index) => read(index) < held[0] || read(index) > held[1]);
}

/** The limits of this backend that its README states. */
function beyond(item: Case): string | undefined {
  const graph = item.graph();
  const tensors = [...graphNodes(graph)].flatMap((node) => node.outputs);
  if (tensors.some(({ dtype }) => dtype === "f64")) return "WGSL has no f64";
  if (item.traits?.includes("subnormal") === true) return "a device may flush subnormal numbers to zero";
  const state = startOf(item, graph);
  const results = evaluate(graph, item.feeds, { state });
  const values = [item.feeds, state, results.outputs, results.state].flatMap((list) => Object.values(list));
  return values.some(isWide) ? "64-bit integers are held in 32 bits" : undefined;
}

/** Sums run in f32, where the other backends have f64: their errors are larger, by what the order of the sum allows. */
export const webgpuOptions: ConformanceOptions = { skip: beyond, tolerances: { f32: 2e-6 } };
