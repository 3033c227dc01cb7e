import { type GraphDraft, type NodeDraft, type Value, bodiesOf, homeOf } from "./draft.ts";

/** The nodes of each graph in the order of the file. */
export type Layout = ReadonlyMap<GraphDraft, readonly NodeDraft[]>;

/**
 * Orders nodes depth first from the outputs, each after what it reads, and leaves out what nothing needs. The order rests
 * on the graph alone: one graph gives one file, however its nodes came about.
 */
export function layoutOf(graph: GraphDraft): Layout {
  const layout = new Map<GraphDraft, readonly NodeDraft[]>();
  place(graph, layout);
  return layout;
}

/** @returns the values that the graph reads from the graphs around it. */
function place(graph: GraphDraft, layout: Map<GraphDraft, readonly NodeDraft[]>): readonly Value[] {
  const order: NodeDraft[] = [];
  const captured = new Set<Value>();
  const seen = new Set<NodeDraft>();
  // Explicit stack: graphs are often deeper than the call stack.
  const stack: { readonly node: NodeDraft; readonly reads: readonly Value[]; next: number }[] = [];
  const visit = (value: Value): void => {
    if (value.kind === "initializer") return;
    if (homeOf(value) !== graph) captured.add(value);
    else if (value.kind === "output" && !seen.has(value.node)) {
      seen.add(value.node);
      const inputs = value.node.inputs.filter((input) => input !== undefined);
      const bodies = bodiesOf(value.node).flatMap((body) => place(body, layout));
      stack.push({ node: value.node, reads: [...inputs, ...bodies], next: 0 });
    }
  };
  for (const { value } of graph.outputs) {
    visit(value);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const read = top.reads[top.next++];
      if (read !== undefined) visit(read);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  layout.set(graph, order);
  return [...captured];
}
