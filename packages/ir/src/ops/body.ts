import { AdjointError } from "../error.ts";
import { checkLevels } from "../closure.ts";
import { nodesOf } from "../walk.ts";
import { type Graph, type Tensor, isNode } from "../tensor.ts";
import { filled } from "./source.ts";

/** The graph that a control primitive runs, or a clear refusal. */
export function bodyOf(operation: string, graphs: readonly Graph[], index = 0): Graph {
  const body = graphs[index];
  if (body === undefined) throw new AdjointError("graph", operation, "has no body");
  return body;
}

/**
 * Refuses a body that no loop or branch may have. Registers change once a run, so an update that depends on a step or a
 * branch would be lost.
 */
export function checkBody(operation: string, body: Graph): void {
  checkLevels(operation, body);
  for (const node of nodesOf(Object.values(body.outputs))) {
    if (!isNode(node, "commit")) continue;
    throw new AdjointError(
      "graph",
      operation,
      `its body updates register "${node.attributes.register}", which happens once a run`,
      "Give the new value as an output and commit it outside.",
    );
  }
}

/** The cotangent of a tensor that nothing depends on. */
export const zerosLike = (tensor: Tensor): Tensor => filled(0, tensor.dtype, tensor.shape);
