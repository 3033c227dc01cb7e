import type { Node, Tensor } from "@adjoint/ir";
import { baseOf, isView } from "./views.ts";

/** Which tensors are in memory, and how another comes there. */
interface Stores {
  has(tensor: Tensor): boolean;
  add(tensor: Tensor): void;
}

/**
 * Stores operands until no expression reads more buffers than its kernel may touch beside its results, if single operations can
 * keep that.
 * @param nodes in order: operands before what reads them.
 */
export function storeWithin(nodes: readonly Node[], limit: number, stores: Stores): void {
  /** What an expression of each node reads from memory. */
  const reads = new Map<Node, ReadonlySet<Tensor>>();
  const readsOf = (roots: readonly Tensor[]): ReadonlySet<Tensor> => {
    const found = new Set<Tensor>();
    const stack = [...roots];
    for (let tensor = stack.pop(); tensor !== undefined; tensor = stack.pop()) {
      if (stores.has(tensor)) found.add(tensor);
      else if (isView(tensor.node)) stack.push(...tensor.node.inputs);
      else for (const each of reads.get(tensor.node) ?? []) found.add(each);
    }
    return found;
  };
  for (const node of nodes) {
    if (isView(node)) continue;
    let all = readsOf(node.inputs);
    while (all.size + node.outputs.length > limit) {
      const operands = node.inputs
        .map((input) => ({ base: baseOf(input), reads: readsOf([baseOf(input)]).size }))
        .filter(({ base, reads: count }) => count > 1 && !stores.has(base));
      const [largest] = operands.toSorted((a, b) => b.reads - a.reads);
      if (largest === undefined) break;
      stores.add(largest.base);
      all = readsOf(node.inputs);
    }
    reads.set(node, all);
  }
}
