import { ObjectSchema } from "../schema.ts";
import { AdjointError } from "../error.ts";
import { nodesOf, rootsOf } from "../walk.ts";
import { type Graph, type Node, type Operation, type Tensor, isNode } from "../tensor.ts";
import type { AttributesOf } from "../primitive-set.ts";

/** All nodes that text and JSON list, each after its inputs; registers that are only updated come last. */
export const listNodes = (graph: Graph): readonly Node[] =>
  nodesOf([
    ...Object.values(graph.inputs),
    ...rootsOf(graph),
    ...graph.updates.map((update) => update.register),
  ]);

/** The bodies to write: a composite's is rebuilt from its definition. */
export const bodiesOf = (node: Node): readonly Graph[] =>
  node.operation.kind === "composite" ? [] : node.graphs;

/**
 * The node behind a graph's input.
 * @throws AdjointError when it is not one that `input` made.
 */
export function inputNode(name: string, tensor: Tensor): Node<AttributesOf<"input">> {
  if (isNode(tensor.node, "input")) return tensor.node;
  throw new AdjointError("text", `input "${name}"`, `is ${tensor}`, "Declare inputs with input(…).");
}

type Implied = "dtype" | "shape";

/**
 * Attributes of a primitive that repeat its first output's type by definition, such as reshape's `shape`: text leaves
 * them out and takes them from the declared type.
 */
export function impliedAttributes(operation: Operation): readonly Implied[] {
  if (operation.kind === "composite" || !(operation.attributes instanceof ObjectSchema)) return [];
  const fields = operation.attributes.shape;
  return (["dtype", "shape"] satisfies Implied[]).filter((key) => Object.hasOwn(fields, key));
}
