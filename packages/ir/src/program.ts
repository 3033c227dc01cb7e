import { AdjointError } from "./error.ts";
import { collectRegisters } from "./registers.ts";
import { equalTypes, typeText } from "./shape.ts";
import { type Graph, type Node, type Tensor, type Update, isNode, registerOf } from "./tensor.ts";
import { graphNodes, mapRecord, rewriter } from "./walk.ts";

/** Inputs, outputs and updates for `program`. */
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
