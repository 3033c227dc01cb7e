import { string, strictObject } from "../schema.ts";
import { AdjointError } from "../error.ts";
import { type Tensor, apply, isNode, registerOf } from "../tensor.ts";
import { type Rows, definePrimitive, operand } from "../primitive.ts";
import { equalTypes, typeText } from "../shape.ts";

export const committing: Rows<"commit"> = {
  commit: definePrimitive({
    name: "commit",
    kind: "control",
    attributes: strictObject({ register: string() }),
    infer: (inputs) => [operand(inputs, 0).type],
    gradient: (_, [g]) => [g, undefined],
    evaluate: ([x]) => (x === undefined ? [] : [x]),
  }),
};

/**
 * `value`, with a note that a program which computes it ends by setting `register` to `next`. Layers keep running
 * statistics in this way, without the caller's help.
 */
export function commit(value: Tensor, register: Tensor, next: Tensor): Tensor {
  const attributes = registerOf(register);
  if (!isNode(register.node, "register") || !equalTypes(register.type, next.type)) {
    throw new AdjointError(
      "graph",
      "commit",
      `register "${attributes.name}" is ${typeText(register.type)} and its update is ${next}`,
    );
  }
  return apply(committing.commit, [value, next, register], { register: attributes.name }).output;
}
