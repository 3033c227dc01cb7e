import { type ScalarGraph, type ScalarNode, operandsOf } from "@adjoint/compiler/kernel";
import type { NameOf } from "@adjoint/ir";

/** Operations that take more than one: about how many additions they are worth. */
const weights: { readonly [N in NameOf<"map">]?: number } = {
  exp: 10,
  expm1: 12,
  log: 12,
  log1p: 15,
  sin: 15,
  cos: 15,
  tan: 30,
  asin: 30,
  acos: 30,
  atan: 30,
  sinh: 30,
  cosh: 30,
  tanh: 14,
  asinh: 40,
  acosh: 40,
  atanh: 40,
  erf: 20,
  pow: 40,
  atan2: 40,
  div: 4,
  sqrt: 4,
  mod: 20,
  fmod: 20,
};

function weight(node: ScalarNode): number {
  switch (node.kind) {
    case "constant":
    case "accumulator":
      return 0;
    case "map":
      return weights[node.operation] ?? 1;
    case "randomBits":
      return 40;
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

/** How many functions run side by side: those that wait for no other. */
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
