import type { Graph } from "@adjoint/ir";
import { apply, graphNodes, isNode, mapGraph, solveSymbols, specialize } from "@adjoint/ir/graph";
import { type Bindings, type Dim, elementCount, parseDim } from "@adjoint/ir/values";
import type { Feeds } from "./fuzz-case.ts";

/** The name of the size that a program is not told before it runs. */
const SYMBOL = "n";

/**
 * A program of fixed sizes as one for any size: where a size is a multiple of `size`, that many of the symbol.
 * @throws AdjointError if the program holds for this size alone.
 */
export function symbolized(graph: Graph, size: number): Graph {
  const open = (value: unknown): unknown => {
    if (typeof value === "number") return openSize(value, size);
    if (Array.isArray(value)) return value.map(open);
    if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
      return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, open(element)]));
    return value;
  };
  return mapGraph(graph, (node, inputs) => {
    // Their values have the sizes that they have.
    if (isNode(node, "constant") || isNode(node, "register") || isNode(node, "commit")) return undefined;
    const graphs = node.graphs.map((body) => symbolized(body, size));
    return apply(node.operation, inputs, open(node.attributes), graphs, node.origin).outputs;
  });
}

const openSize = (value: number, size: number): Dim =>
  value === 0 || value % size !== 0 ? value : parseDim(`${value / size}*${SYMBOL}`);

/** The sizes of a graph, from its feeds. */
export const bindingsOf = (graph: Graph, feeds: Feeds): Bindings =>
  solveSymbols(
    Object.entries(graph.inputs).map(([name, { shape }]) => ({
      name,
      shape,
      fed: feeds[name]?.shape ?? [],
    })),
  );

/** The graph for the sizes of the feeds. @throws AdjointError if it does not hold for them. */
export const boundTo = (graph: Graph, feeds: Feeds): Graph => specialize(graph, bindingsOf(graph, feeds));

/** True if no tensor of a static graph, bodies included, has more elements. */
export const isWithin = (graph: Graph, elements: number): boolean =>
  graphNodes(graph).every(
    (node) =>
      node.outputs.every(({ shape }) => elementCount(shape.map(Number)) <= elements) &&
      node.graphs.every((body) => isWithin(body, elements)),
  );
