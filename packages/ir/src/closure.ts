import { AdjointError } from "./error.ts";
import { freeSources, nodesOf, rewriter } from "./walk.ts";
import { type Graph, type Node, type Tensor, isNode } from "./tensor.ts";
import { input } from "./ops/source.ts";

/** A body as a closed graph, and the outer tensors it used, which became its last inputs. */
export interface Closure {
  readonly graph: Graph;
  readonly captured: readonly Tensor[];
}

/** Names of a body's inputs and outputs: their indices. */
export const numbered = (tensors: readonly Tensor[]): { readonly [name: string]: Tensor } =>
  Object.fromEntries(tensors.map((tensor, index) => [`${index}`, tensor]));

/**
 * Closes a body over its parameters: every outer tensor that it uses (as far out as possible, so that what does not
 * depend on the parameters is computed once, outside) becomes a further input.
 * @param own nodes that stay inside in any case: a branch keeps its work, so that it is done only if the branch is taken.
 */
export function close(
  parameters: readonly Tensor[],
  results: readonly Tensor[],
  own: ReadonlySet<Node> = new Set(),
): Closure {
  const inner = new Set<Node>(parameters.map((parameter) => parameter.node));
  const outside = new Set<Node>();
  for (const node of nodesOf(results)) {
    const isSource = isNode(node, "input") || isNode(node, "register");
    if (node.inputs.some((tensor) => inner.has(tensor.node)) || (own.has(node) && !isSource)) inner.add(node);
    else if (isSource || node.inputs.some((tensor) => outside.has(tensor.node))) {
      // Only what rests on outer sources must come from outside; constants and iotas may stay.
      if (!inner.has(node)) outside.add(node);
    }
  }
  const captured: Tensor[] = [];
  const replaced = new Map<Tensor, Tensor>();
  const capture = (tensor: Tensor): void => {
    if (!outside.has(tensor.node) || replaced.has(tensor)) return;
    replaced.set(tensor, input(`captured_${captured.length}`, tensor.dtype, tensor.shape));
    captured.push(tensor);
  };
  for (const node of nodesOf(results)) if (inner.has(node)) node.inputs.forEach(capture);
  results.forEach(capture);
  const rewrite = rewriter((node) => {
    if (!outside.has(node)) return undefined;
    // Outputs that nobody inside reads stay as they are; the rewriting never asks for them.
    return node.outputs.map((output) => replaced.get(output) ?? output);
  });
  const inputs = [...parameters, ...captured.map((tensor) => replaced.get(tensor) ?? tensor)];
  return {
    graph: { inputs: numbered(inputs), outputs: numbered(results.map(rewrite)), updates: [] },
    captured,
  };
}

/** Bodies inside one another: walks into bodies recurse, and each level is written by hand or by a program's mistake. */
const MOST_LEVELS = 256;
const levels = new WeakMap<Graph, number>();

/** The number of levels of bodies in a graph, its own included. */
function levelsOf(graph: Graph): number {
  const known = levels.get(graph);
  if (known !== undefined) return known;
  let inner = 0;
  for (const node of nodesOf(Object.values(graph.outputs)))
    for (const body of node.graphs) inner = Math.max(inner, levelsOf(body));
  levels.set(graph, inner + 1);
  return inner + 1;
}

/** Refuses a body with more bodies inside one another than recursive walks can take. */
export function checkLevels(operation: string, body: Graph): void {
  if (levelsOf(body) <= MOST_LEVELS) return;
  throw new AdjointError(
    "graph",
    operation,
    `its body has more than ${MOST_LEVELS} levels of bodies inside one another`,
    "Put them one after another, or repeat one in a scan.",
  );
}

/** Refuses a body that reads anything but its parameters. */
export function checkClosed(operation: string, graph: Graph): void {
  const [free] = freeSources(Object.values(graph.outputs), Object.values(graph.inputs));
  if (free !== undefined) {
    throw new AdjointError("graph", operation, `its body uses ${free} from outside`, "Pass it as an input.");
  }
}
