import { hasBodies, inlineGraph } from "../walk.ts";
import type { Composite, Node } from "../tensor.ts";
import { type Pass, type Step, rewriteBy } from "./driver.ts";

export interface InlineOptions {
  /** Composites that stay: those that a backend runs, or a format writes, as a whole. */
  readonly keep?: (composite: Composite, node: Node) => boolean;
}

/** Puts bodies in the place of composites, those inside bodies too. */
export function inlineWith(options: InlineOptions = {}): Pass {
  const { keep } = options;
  const step: Step = (node) => {
    const { operation } = node;
    const [body] = node.graphs;
    if (operation.kind !== "composite" || body === undefined || keep?.(operation, node) === true)
      return undefined;
    return { rule: operation.name, replacement: inlineGraph(body, node.inputs) };
  };
  // Bodies that go are not rewritten first: composites inside them are met in their copy.
  return rewriteBy("inline", (graph) => (hasBodies(graph) ? step : undefined), "node first");
}

/** Puts bodies in the place of all composites. */
export const inline: Pass = inlineWith();
