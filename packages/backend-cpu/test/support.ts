import { cpu } from "@adjoint/backend-cpu";
import { compile } from "@adjoint/compiler";
import { type Graph, type State, type Tensor, evaluate, program } from "@adjoint/ir";
import { type Pass, isNode, nodesOf } from "@adjoint/ir/graph";
import { type DType, type TensorValue, elementCount, toNumbers, valueOf } from "@adjoint/ir/values";
import { expect } from "vitest";

export type Values = { readonly [name: string]: TensorValue };
export const modes = ["printed", "closures"] as const;
export type Mode = (typeof modes)[number];

/** The graph of these outputs over whatever inputs they read. */
export function graphOf(outputs: { readonly [name: string]: Tensor }, updates: Graph["updates"] = []): Graph {
  const inputs: { [name: string]: Tensor } = {};
  const roots = [...Object.values(outputs), ...updates.map(({ next }) => next)];
  for (const node of nodesOf(roots)) if (isNode(node, "input")) inputs[node.attributes.name] = node.output;
  return program({ inputs, outputs, updates });
}

/** One run. */
export async function run(
  graph: Graph,
  feeds: Values,
  { kernels = "printed", passes, state }: { kernels?: Mode; passes?: readonly Pass[]; state?: State } = {},
): Promise<{ outputs: Values; state: State }> {
  const options = { ...(passes && { passes }), ...(state && { state }) };
  await using session = await compile({ main: graph }, { backend: cpu({ kernels }), ...options });
  return { outputs: await session.run("main", feeds), state: await session.state() };
}

/** Both kinds of kernels give, element for element, what the reference evaluator gives. */
export async function expectOracle(
  outputs: { readonly [name: string]: Tensor },
  feeds: Values,
  { passes, relative = 0 }: { passes?: readonly Pass[]; relative?: number } = {},
): Promise<void> {
  const graph = graphOf(outputs);
  const expected = evaluate(graph, feeds).outputs;
  for (const kernels of modes) {
    const actual = (await run(graph, feeds, { kernels, ...(passes && { passes }) })).outputs;
    for (const [name, value] of Object.entries<TensorValue>(expected)) {
      const [given, wanted] = [toNumbers(actual[name] ?? value), toNumbers(value)];
      expect(actual[name]?.shape).toEqual(value.shape);
      if (relative === 0) expect(given, `${name}, ${kernels}`).toEqual(wanted);
      else
        given.forEach((element, index) => {
          const target = wanted[index] ?? Number.NaN;
          expect(Math.abs(element - target)).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(target)));
        });
    }
  }
}

/** Small whole numbers from −range to range that repeat after a prime: exact in every sum of the tests. */
export function pattern(dtype: DType, shape: readonly number[], range = 3): TensorValue {
  const unsigned = dtype.startsWith("u") || dtype === "bool";
  const elements = Array.from({ length: elementCount(shape) }, (_, index) => {
    const element = ((index * 7919) % 104729) % (2 * range + 1);
    return unsigned ? element : element - range;
  });
  return valueOf(dtype, shape, elements);
}
