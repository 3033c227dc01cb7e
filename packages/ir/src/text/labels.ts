import type { Node, Tensor } from "../tensor.ts";
import { AdjointError } from "../error.ts";
import { isRecord } from "./fold.ts";
import { LABEL } from "./scanner.ts";

/**
 * Labels of a graph's values in its text: inputs and registers have their name if it is plain and free, all others a
 * number, in order.
 */
export function labelValues(nodes: readonly Node[]): (tensor: Tensor) => string {
  const labels = new Map<Node, readonly string[]>();
  const taken = new Set<string>();
  let count = 0;
  for (const node of nodes) {
    const name = nameOf(node);
    if (name !== undefined && !taken.has(name)) {
      taken.add(name);
      labels.set(node, [name]);
    } else {
      labels.set(
        node,
        node.outputs.map(() => String(count++)),
      );
    }
  }
  return (tensor) => {
    const label = labels.get(tensor.node)?.[tensor.index];
    if (label === undefined)
      throw new AdjointError("text", "print", `${tensor} is not among the graph's nodes`);
    return label;
  };
}

function nameOf({ operation, attributes }: Node): string | undefined {
  if (operation.kind !== "source" || !isRecord(attributes)) return undefined;
  const { name } = attributes;
  return typeof name === "string" && LABEL.test(name) ? name : undefined;
}
