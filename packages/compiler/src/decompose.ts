import {
  AdjointError,
  type Graph,
  type Tensor,
  apply,
  isNode,
  isStatic,
  mapGraph,
  shapeText,
} from "@adjoint/ir";
import { type Lowerings, loweringOf } from "./lowerings.ts";

/**
 * Rewrites the few primitives that kernels can't read through as views into ones they can: windows that are summed
 * back, and strided transposed convolutions. The graph is static.
 */
export function decompose(graph: Graph, lowerings: Lowerings): Graph {
  return mapGraph(graph, (node, inputs) => {
    const [x, w] = inputs;
    if (x === undefined) return undefined;
    if (isNode(node, "stopGradient")) return [x];
    if (isNode(node, "windowSum"))
      return [loweringOf(lowerings, "windows").sumWindows(x, node.attributes, sizesOf(node.output))];
    if (isNode(node, "convTranspose") && w !== undefined)
      return [loweringOf(lowerings, "windows").withoutStrides(x, w, node.attributes)];
    if (node.graphs.length === 0) return undefined;
    return apply(
      node.operation,
      inputs,
      node.attributes,
      node.graphs.map((body) => decompose(body, lowerings)),
      node.origin,
    ).outputs;
  });
}

/** The sizes of a tensor of a static graph. */
export function sizesOf(tensor: Tensor): readonly number[] {
  if (isStatic(tensor.shape)) return tensor.shape;
  throw new AdjointError(
    "shape",
    "compile",
    `${tensor} has unbound symbols: ${shapeText(tensor.shape)}`,
    "Bind them.",
  );
}
