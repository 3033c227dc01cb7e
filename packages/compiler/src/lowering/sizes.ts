import type { Tensor } from "@adjoint/ir";
import { AdjointError, isStatic, shapeText } from "@adjoint/ir/values";

/** The sizes of a tensor of a static graph. */
export function sizesOf(tensor: Tensor): readonly number[] {
  if (isStatic(tensor.shape)) return tensor.shape;
  throw new AdjointError(
    "shape",
    "compile",
    `${tensor} has unbound symbols: ${shapeText(tensor.shape)}`,
    "Bind them.",
  );
}
