import { AdjointError } from "./error.ts";
import { type Graph, Node, type Tensor, type Update, isNode, rebuild, registerOf } from "./tensor.ts";
import { withOrigin } from "./origin.ts";
import { equalTypes, typeText } from "./shape.ts";
import type { RegisterAttributes } from "./primitive-set.ts";

/** Every node that the roots need, each after its inputs. Deterministic: depth first, inputs in order. */
export function nodesOf(roots: readonly Tensor[]): readonly Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  // Explicit stack: graphs are often deeper than the call stack.
  const stack: { readonly node: Node; next: number }[] = [];
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: 0 });
  };
  for (const root of roots) {
    visit(root.node);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.node.inputs[top.next++];
      if (input !== undefined) visit(input.node);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}

/** What a graph computes: outputs, then updates. */
export const rootsOf = (graph: Graph): readonly Tensor[] => [
  ...Object.values(graph.outputs),
  ...graph.updates.map((update) => update.next),
];

/** Orders that are known: graphs do not change. */
const orders = new WeakMap<Graph, readonly Node[]>();

/** The nodes of `nodesOf` that a graph's roots need. */
export function sortedNodes(graph: Graph): readonly Node[] {
  const known = orders.get(graph);
  if (known !== undefined) return known;
  const order = nodesOf(rootsOf(graph));
  orders.set(graph, order);
  return order;
}

/** Whether a graph has loops, branches or composites. */
export const hasBodies = (graph: Graph): boolean => sortedNodes(graph).some((node) => node.graphs.length > 0);

/** All nodes of a graph, in order, inputs that nothing uses included. */
export const graphNodes = (graph: Graph): readonly Node[] =>
  nodesOf([...Object.values(graph.inputs), ...rootsOf(graph)]);

/** The registers a graph reads or updates, by name. */
export function registersOf(graph: Graph): ReadonlyMap<string, RegisterAttributes> {
  const registers = new Map<string, RegisterAttributes>();
  for (const node of graphNodes(graph))
    if (isNode(node, "register")) registers.set(node.attributes.name, node.attributes);
  for (const { register } of graph.updates) registers.set(registerOf(register).name, registerOf(register));
  return registers;
}

/** What a rewriting function makes of a node's outputs; undefined keeps the node (on its rewritten inputs). */
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
    if (!done.has(tensor.node)) {
      for (const node of nodesOf([tensor])) {
        if (done.has(node)) continue;
        const inputs = node.inputs.map(at);
        done.set(
          node,
          withOrigin(node.origin, () => visit(node, inputs) ?? rebuild(node, inputs).outputs),
        );
      }
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

/** What `program` takes. */
export interface ProgramParts<I extends string, O extends string> {
  readonly inputs: { readonly [name in I]: Tensor };
  readonly outputs: { readonly [name in O]: Tensor };
  readonly updates?: readonly Update[];
}

/**
 * A graph that can be compiled: named inputs and outputs, and the updates of registers that end a run. Updates that
 * layers left in the graph (running statistics, the random counter) are collected too.
 * @throws AdjointError for an input that is used and not named, two updates of one register, a register whose update
 * has another type, or two registers of one name.
 */
export function program<I extends string, O extends string>(parts: ProgramParts<I, O>): Graph<I, O> {
  for (const [name, tensor] of Object.entries<Tensor>(parts.inputs)) {
    if (!isNode(tensor.node, "input")) {
      throw new AdjointError(
        "graph",
        "program",
        `input "${name}" is ${tensor}`,
        "Declare inputs with input(name, dtype, shape).",
      );
    }
  }
  // Walked through once: graphs may have millions of nodes.
  let graph: Graph<I, O> = { ...parts, updates: parts.updates ?? [] };
  let nodes = graphNodes(graph);
  if (nodes.some((node) => isNode(node, "commit"))) {
    graph = collectCommits(graph);
    nodes = graphNodes(graph);
  }
  const named = new Set(Object.values<Tensor>(graph.inputs).map(({ node }) => node));
  const free = nodes.find((node) => isNode(node, "input") && !named.has(node));
  if (free !== undefined) {
    throw new AdjointError(
      "graph",
      "program",
      `the outputs need ${free.output}, which is not among the inputs`,
      "Name it in `inputs`.",
    );
  }
  checkRegisters(graph, nodes);
  return { inputs: graph.inputs, outputs: graph.outputs, updates: graph.updates };
}

/** The graph without its `commit` nodes, their updates among its updates. */
function collectCommits<I extends string, O extends string>(graph: Graph<I, O>): Graph<I, O> {
  const registers = new Map<string, Tensor>();
  const pending: Update[] = [...graph.updates];
  const found: { readonly name: string; readonly next: Tensor }[] = [];
  const rewrite = rewriter((node, inputs) => {
    if (isNode(node, "register")) registers.set(node.attributes.name, node.output);
    const [value, next] = inputs;
    if (!isNode(node, "commit") || value === undefined || next === undefined) return undefined;
    found.push({ name: node.attributes.register, next });
    return [value];
  });
  const outputs = mapRecord(graph.outputs, rewrite);
  const updates: Update[] = pending.map(({ register, next }) => ({ register, next: rewrite(next) }));
  for (const { name, next } of found) {
    const register = registers.get(name);
    if (register === undefined)
      throw new AdjointError("graph", "commit", `no register "${name}" is read by the graph`);
    if (!updates.some((update) => registerOf(update.register).name === name && update.next === next)) {
      updates.push({ register, next });
    }
  }
  return { inputs: graph.inputs, outputs, updates };
}

function checkRegisters(graph: Graph, nodes: readonly Node[]): void {
  const seen = new Map<string, RegisterAttributes>();
  const declare = (register: RegisterAttributes): void => {
    const other = seen.get(register.name);
    if (other !== undefined && !equalTypes(other, register)) {
      throw new AdjointError(
        "graph",
        "program",
        `two registers are named "${register.name}": ${typeText(other)} and ${typeText(register)}`,
        "Give one of them (or its layer) another name.",
      );
    }
    seen.set(register.name, register);
  };
  for (const node of nodes) if (isNode(node, "register")) declare(node.attributes);
  const updated = new Set<string>();
  for (const { register, next } of graph.updates) {
    const attributes = registerOf(register);
    declare(attributes);
    if (updated.has(attributes.name)) {
      throw new AdjointError(
        "graph",
        "program",
        `register "${attributes.name}" has two updates`,
        "Keep one of them.",
      );
    }
    updated.add(attributes.name);
    if (!equalTypes(attributes, next.type)) {
      throw new AdjointError(
        "graph",
        "program",
        `register "${attributes.name}" is ${typeText(attributes)} and its update is ${next}`,
      );
    }
  }
}
