import { type ScalarGraph, type ScalarNode, operandsOf } from "@adjoint/compiler/kernel";
import { operationCosts } from "@adjoint/ir/graph";

function weight(node: ScalarNode): number {
  switch (node.kind) {
    case "constant":
    case "accumulator":
      return 0;
    case "map":
      return operationCosts[node.operation];
    case "randomBits":
      return operationCosts.randomBits;
    case "load":
      return 1 + node.index.guards.length + 2 * node.dynamic.length;
    default:
      return 1;
  }
}

/** About how many additions an expression's point is worth. */
export const costOf = (graph: ScalarGraph): number => graph.reduce((sum, node) => sum + weight(node), 0);

/** Operations from this weight on are functions: long chains of steps, each of which waits for the one before. */
const FUNCTION = 10;

/** The number of functions that run side by side: those that wait for no other. */
function widthOf(graph: ScalarGraph): number {
  const isFunction = (node: ScalarNode): boolean => node.kind === "map" && weight(node) >= FUNCTION;
  const waits: boolean[] = [];
  let width = 0;
  for (const node of graph) {
    const waiting = operandsOf(node).some((id) => waits[id] === true);
    if (!waiting && isFunction(node)) width++;
    waits.push(waiting || isFunction(node));
  }
  return width;
}

/** Longer expressions are computed one vector at a time. */
const LONG = 64;

/**
 * Vectors that are worth computing together. Four fill the time in which a function's steps wait for each other
 * (10–30 % less for maps with one); with two functions side by side they need more registers than there are.
 */
export function vectorsOf(graph: ScalarGraph): 1 | 2 | 4 {
  if (costOf(graph) > LONG) return 1;
  return widthOf(graph) === 1 ? 4 : 2;
}
