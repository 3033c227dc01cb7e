import type { Graph, ReduceOptions, Tensor } from "@adjoint/ir";
import { apply, isNode, mapGraph } from "@adjoint/ir/graph";
import { isFloat } from "@adjoint/ir/values";
import { sizesOf } from "./sizes.ts";
import { sumWindows, withoutStrides } from "./windows.ts";

/**
 * Rewrites the few primitives that kernels can't read through as views into ones they can: windows that are summed
 * back, and strided transposed convolutions; and products, which kernels take in any order. The graph is static.
 */
export function decompose(graph: Graph): Graph {
  return mapGraph(graph, (node, inputs) => {
    const [x, w] = inputs;
    if (x === undefined) return undefined;
    if (isNode(node, "stopGradient")) return [x];
    if (isNode(node, "reduceProd") && isFloat(x.dtype)) return [zeroWins(x, node.attributes)];
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

/** A product that is 0 if a zero is among finite numbers: 0·∞ would be NaN if the others overflow first. */
function zeroWins(x: Tensor, along: ReduceOptions): Tensor {
  const [product, size] = [x.reduceProd(along), x.abs()];
  const isZero = size.reduceMin(along).equal(0).and(size.reduceMax(along).less(Infinity));
  return product.isNaN().and(isZero).where(0, product);
}
