import { type Shape, type Tensor, equalDims } from "@adjoint/ir";
import type { Node } from "@adjoint/ir/graph";
import type { Value } from "./draft.ts";
import type { Writer } from "./writer.ts";

/** The tensor before it was stretched. */
const bare = (tensor: Tensor): Tensor => {
  const [from] = tensor.node.inputs;
  return tensor.node.operation.name === "broadcast" && from !== undefined ? bare(from) : tensor;
};

/** Whether tensors of these shapes stretch each other to a shape. */
const reaches = (shapes: readonly Shape[], shape: Shape): boolean =>
  shape.every((size, axis) =>
    shapes.some((own) => equalDims(own[axis - (shape.length - own.length)] ?? -1, size)),
  );

/** The operands of an elementwise node: ONNX stretches them itself, as long as one of them has the full size. */
export function operands({ inputs, output }: Node, writer: Writer): readonly Value[] {
  const short = inputs.map(bare);
  const isEnough = reaches(
    short.map((tensor) => tensor.shape),
    output.shape,
  );
  const first = short.findIndex((tensor, index) => tensor !== inputs[index]);
  return short.map((tensor, index) => {
    const full = inputs[index];
    return writer.value(!isEnough && index === first && full !== undefined ? full : tensor);
  });
}

/** A tensor that the operation's type rule has seen. */
export function given(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new RangeError("an operand is missing");
  return tensor;
}

/** The operands of a binary operation. */
export function pairOf(values: readonly Value[]): readonly [Value, Value] {
  const [a, b] = values;
  if (a === undefined || b === undefined) throw new RangeError("a binary operation has two operands");
  return [a, b];
}
