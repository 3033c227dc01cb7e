import { AdjointError } from "./error.ts";
import { equalInitials, initialText } from "./initial.ts";
import { type Graph, Node, type Tensor, type Update, isNode, rebuild, registerOf } from "./tensor.ts";
import { withOrigin } from "./origin.ts";
import { equalTypes, typeText } from "./shape.ts";
import type { RegisterAttributes } from "./primitive-set.ts";

const NONE: ReadonlySet<Node> = new Set();

/**
 * Every node that the roots need, each after its inputs. Deterministic: depth first, inputs in order.
 * @param known nodes that are left out, with what they need.
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
export function graphNodes(graph: Graph): readonly Node[] {
  const inputs = Object.values<Tensor>(graph.inputs).map(({ node }) => node);
  const order = sortedNodes(graph);
  // Inputs need nothing, so that what the roots need stands in the same order with and without them.
  if (inputs.some((node) => node.inputs.length > 0))
    return nodesOf([...Object.values(graph.inputs), ...rootsOf(graph)]);
  const first = new Set(inputs);
  return [...first, ...order.filter((node) => !first.has(node))];
}

/**
 * The registers a graph reads or updates, by name.
 * @throws AdjointError where two of one name differ in type or first value.
 */
export function registersOf(graph: Graph): ReadonlyMap<string, RegisterAttributes> {
  return new Map([...registerTensors([graph])].map(([name, tensor]) => [name, registerOf(tensor)]));
}

/**
 * The registers of graphs that share them, by name.
 * @throws AdjointError where two of one name differ in type or first value.
 */
export function registerTensors(
  graphs: Iterable<Graph>,
  operation = "register",
): ReadonlyMap<string, Tensor> {
  const registers = new Map<string, Tensor>();
  for (const graph of graphs) collectRegisters(registers, graphNodes(graph), graph.updates, operation);
  return registers;
}

function collectRegisters(
  registers: Map<string, Tensor>,
  nodes: readonly Node[],
  updates: readonly Update[],
  operation: string,
): void {
  const read = nodes.filter((node) => isNode(node, "register")).map((node) => node.output);
  for (const tensor of [...read, ...updates.map(({ register }) => register)]) {
    const { name } = registerOf(tensor);
    const other = registers.get(name);
    const clash = other && registerClash(other, tensor);
    if (clash !== undefined)
      throw new AdjointError(
        "graph",
        operation,
        clash,
        "Give one of them (or its layer) another name, or declare it once and use that tensor in both places.",
      );
    registers.set(name, tensor);
  }
}

/** What is wrong with two registers of one name; undefined where they have one type and one first value. */
export function registerClash(a: Tensor, b: Tensor): string | undefined {
  const [one, other] = [registerOf(a), registerOf(b)];
  const sameType = equalTypes(one, other);
  if (sameType && equalInitials(one.initial, other.initial)) return undefined;
  const starts = sameType
    ? ` that start from ${initialText(one.initial)} and ${initialText(other.initial)}`
    : "";
  return `two registers are named "${one.name}"${starts}: ${a} and ${b}`;
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
 * has another type, or two registers of one name that differ in type or first value.
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
  collectRegisters(new Map(), nodes, graph.updates, "program");
  const updated = new Set<string>();
  for (const { register, next } of graph.updates) {
    const attributes = registerOf(register);
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
