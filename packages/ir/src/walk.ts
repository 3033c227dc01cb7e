import { AdjointError } from "./error.ts";
import { withOrigin } from "./origin.ts";
import { equalTypes } from "./shape.ts";
import { type Graph, Node, type Tensor, isNode, rebuild } from "./tensor.ts";

const NONE: ReadonlySet<Node> = new Set();

/**
 * Every node that the roots need, each after its inputs. Deterministic: depth first, inputs in order.
 * @param known nodes that are left out, with all that only they need.
 */
export function nodesOf(
  roots: readonly Tensor[],
  known: Pick<ReadonlySet<Node>, "has"> = NONE,
): readonly Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  // Explicit stack, of nodes and of the input of each that is next: graphs are often deeper than the call stack.
  const stack: Node[] = [];
  const next: number[] = [];
  const visit = (node: Node): void => {
    if (seen.has(node) || known.has(node)) return;
    seen.add(node);
    stack.push(node);
    next.push(0);
  };
  for (const root of roots) {
    visit(root.node);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const at = next.pop() ?? 0;
      const input = top.inputs[at];
      if (input === undefined) {
        order.push(top);
        stack.pop();
      } else {
        next.push(at + 1);
        visit(input.node);
      }
    }
  }
  return order;
}

/** The tensors that a graph computes: outputs, then the next values of registers. */
export const rootsOf = (graph: Graph): readonly Tensor[] => [
  ...Object.values(graph.outputs),
  ...graph.updates.map((update) => update.next),
];

/** Orders found earlier: graphs do not change. */
const orders = new WeakMap<Graph, readonly Node[]>();

/** The nodes of `nodesOf` that a graph's roots need. */
export function sortedNodes(graph: Graph): readonly Node[] {
  const known = orders.get(graph);
  if (known !== undefined) return known;
  const order = nodesOf(rootsOf(graph));
  orders.set(graph, order);
  return order;
}

/** True if a graph has loops, branches or composites. */
export const hasBodies = (graph: Graph): boolean => sortedNodes(graph).some((node) => node.graphs.length > 0);

/** All nodes of a graph, in order, inputs that nothing uses included. */
export function graphNodes(graph: Graph): readonly Node[] {
  const inputs = Object.values<Tensor>(graph.inputs).map(({ node }) => node);
  const order = sortedNodes(graph);
  // Inputs need nothing, so that what the roots need stands in the same order with and without them.
  if (inputs.some((node) => node.inputs.length > 0))
    return nodesOf([...Object.values(graph.inputs), ...rootsOf(graph)]);
  const first = new Set(inputs);
  return [...first, ...order.filter((node) => !first.has(node))];
}

/** Replaces a node's outputs; undefined keeps the node (on its rewritten inputs). */
export type Visit = (node: Node, inputs: readonly Tensor[]) => readonly Tensor[] | undefined;

/** A memoized bottom-up rewriting: call it with tensors, in any order. */
export function rewriter(visit: Visit): (tensor: Tensor) => Tensor {
  const done = new Map<Node, readonly Tensor[]>();
  const at = (tensor: Tensor): Tensor => {
    const result = done.get(tensor.node)?.[tensor.index];
    if (result === undefined) throw new AdjointError("graph", "rewrite", `no result for ${tensor}`);
    return result;
  };
  return (tensor) => {
    for (const node of nodesOf([tensor], done)) {
      const inputs = node.inputs.map(at);
      done.set(
        node,
        withOrigin(node.origin, () => visit(node, inputs) ?? rebuild(node, inputs).outputs),
      );
    }
    return at(tensor);
  };
}

/** The graph with every root rewritten; its inputs and registers stay the same tensors unless `visit` replaces them. */
export function mapGraph(graph: Graph, visit: Visit): Graph {
  const rewrite = rewriter(visit);
  return {
    inputs: mapRecord(graph.inputs, rewrite),
    outputs: mapRecord(graph.outputs, rewrite),
    updates: graph.updates.map(({ register, next }) => ({
      register: rewrite(register),
      next: rewrite(next),
    })),
  };
}

export function mapRecord<K extends string, A, B>(
  record: { readonly [k in K]: A },
  map: (value: A) => B,
): { readonly [k in K]: B } {
  // Object.entries widens keys to string and values to unknown; both come from the record itself.
  const entries = Object.entries(record) as [K, A][];
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value)])) as { [k in K]: B };
}

/** The outputs of `graph` as tensors over other inputs (in the order of the graph's inputs). */
export function inlineGraph(graph: Graph, inputs: readonly Tensor[]): readonly Tensor[] {
  const parameters = Object.values(graph.inputs);
  const replaced = new Map(parameters.map((input, index) => [input.node, inputs[index]]));
  const keepsTypes = parameters.every((input, index) =>
    equalTypes(input.type, inputs[index]?.type ?? input.type),
  );
  const rewrite = rewriter((node, read) => {
    const input = replaced.get(node);
    if (input !== undefined) return [input];
    if (!keepsTypes || read.every((tensor, index) => tensor === node.inputs[index])) return undefined;
    const types = node.outputs.map((output) => output.type);
    return new Node(node.operation, node.attributes, read, node.graphs, types, node.origin).outputs;
  });
  return Object.values(graph.outputs).map(rewrite);
}

/** The inputs and registers that `roots` read and that are not among `known`, in order. */
export function freeSources(roots: readonly Tensor[], known: readonly Tensor[]): readonly Tensor[] {
  const closed = new Set(known.map((tensor) => tensor.node));
  return nodesOf(roots)
    .filter((node) => (isNode(node, "input") || isNode(node, "register")) && !closed.has(node))
    .map((node) => node.output);
}
