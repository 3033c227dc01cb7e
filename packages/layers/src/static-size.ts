import { AdjointError, type TensorType, shapeText, typeText } from "@adjoint/ir/values";

/**
 * A size that parameters are made from.
 * @param axis negative from the end.
 * @throws AdjointError when the input has no such axis or its size is a symbol.
 */
export function staticSize(operation: string, x: TensorType, axis: number): number {
  const extent = x.shape.at(axis);
  if (extent === undefined || axis >= x.shape.length) {
    throw new AdjointError(
      "shape",
      operation,
      `wants an input with axis ${axis} and got ${typeText(x)}`,
      "The first axis is the batch: reshape or unsqueeze the input.",
    );
  }
  if (typeof extent === "number") return extent;
  throw new AdjointError(
    "shape",
    operation,
    `its parameters depend on axis ${axis} of ${shapeText(x.shape)}, whose size "${extent}" is a symbol`,
    "Give that axis a number; only the batch and axes that no parameter follows may be symbols.",
  );
}
