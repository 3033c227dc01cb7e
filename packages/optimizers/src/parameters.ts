import { AdjointError, type Tensor, isFloat } from "@adjoint/ir";
import { isNode, nodesOf, registerOf } from "@adjoint/ir/graph";

/**
 * The trainable float registers that a tensor depends on, in the order of the graph (depth first, inputs in order).
 * @throws AdjointError when two of them have one name, which would be two parameters with one place to live.
 */
export function parametersOf(loss: Tensor): readonly Tensor[] {
  const parameters = nodesOf([loss])
    .filter((node) => isNode(node, "register") && node.attributes.trainable && isFloat(node.attributes.dtype))
    .map((node) => node.output);
  return distinct("parametersOf", parameters);
}

/** Refuses two different registers of one name. */
export function distinct(operation: string, parameters: readonly Tensor[]): readonly Tensor[] {
  const seen = new Map<string, Tensor>();
  for (const parameter of parameters) {
    const { name } = registerOf(parameter);
    const other = seen.get(name);
    if (other !== undefined) {
      throw new AdjointError(
        "graph",
        operation,
        other === parameter
          ? `parameter "${name}" is given twice`
          : `two parameters are named "${name}": ${other} and ${parameter}`,
        other === parameter ? "Give each once." : "Give one of their layers another name.",
      );
    }
    seen.set(name, parameter);
  }
  return parameters;
}
