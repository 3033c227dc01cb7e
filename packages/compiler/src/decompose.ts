import { type Graph, apply, isNode, mapGraph } from "@adjoint/ir";
import { sizesOf } from "./sizes.ts";
import { sumWindows, withoutStrides } from "./windows.ts";

/**
 * Rewrites the few primitives that kernels can't read through as views into ones they can: windows that are summed
 * back, and strided transposed convolutions. The graph is static.
 */
export function decompose(graph: Graph): Graph {
  return mapGraph(graph, (node, inputs) => {
    const [x, w] = inputs;
    if (x === undefined) return undefined;
    if (isNode(node, "stopGradient")) return [x];
    if (isNode(node, "windowSum")) return [sumWindows(x, node.attributes, sizesOf(node.output))];
    if (isNode(node, "convTranspose") && w !== undefined) return [withoutStrides(x, w, node.attributes)];
    if (node.graphs.length === 0) return undefined;
    return apply(
      node.operation,
      inputs,
      node.attributes,
      node.graphs.map((body) => decompose(body)),
      node.origin,
    ).outputs;
  });
}
