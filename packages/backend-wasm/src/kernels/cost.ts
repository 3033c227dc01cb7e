import type { ScalarGraph, ScalarNode } from "@adjoint/compiler";
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
