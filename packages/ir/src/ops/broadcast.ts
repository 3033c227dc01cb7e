import { at } from "../at.ts";
import { strictObject } from "../schema.ts";
import { equalDims } from "../dim.ts";
import { AdjointError } from "../error.ts";
import { type Tensor, apply } from "../tensor.ts";
import { type Rows, definePrimitive, operand, operands, shapeSchema } from "../primitive.ts";
import { type Shape, equalShapes, rowMajorStrides, shapeText } from "../shape.ts";
import { staticShape } from "./source.ts";
import { copyStrided } from "./strided.ts";

/** Axes of the result along which the operand is repeated, and the leading axes it lacks. */
export function stretchedAxes(from: Shape, to: Shape): readonly number[] {
  const missing = to.length - from.length;
  return to.flatMap((size, axis) =>
    axis < missing || !equalDims(at(from, axis - missing), size) ? [axis] : [],
  );
}

export const broadcasting: Rows<"broadcast"> = {
  broadcast: definePrimitive({
    name: "broadcast",
    kind: "view",
    attributes: strictObject({ shape: shapeSchema }),
    infer: (inputs, { shape }) => {
      const x = operand(operands("broadcast", inputs, 1), 0);
      const missing = shape.length - x.rank;
      const fits =
        missing >= 0 &&
        x.shape.every((size, axis) => equalDims(size, 1) || equalDims(size, shape[axis + missing] ?? -1));
      if (!fits) throw new AdjointError("shape", "broadcast", `${x} does not stretch to ${shapeText(shape)}`);
      return [{ dtype: x.dtype, shape }];
    },
    gradient: ({ inputs, output }, [g]) => {
      const x = operand(inputs, 0);
      const axes = stretchedAxes(x.shape, output.shape);
      return [g?.reduceSum({ axes }).reshape(x.shape)];
    },
    evaluate: ([x], node) => {
      if (x === undefined) return [];
      const shape = staticShape("broadcast", node.attributes.shape);
      const missing = shape.length - x.shape.length;
      const own = rowMajorStrides(x.shape);
      const strides = shape.map((_, axis) =>
        axis < missing || x.shape[axis - missing] === 1 ? 0 : at(own, axis - missing),
      );
      return [copyStrided(x, shape, strides)];
    },
  }),
};

/** NumPy's right-aligned stretching; the tensor itself if it has the shape already. */
export function broadcast(x: Tensor, shape: Shape): Tensor {
  return equalShapes(x.shape, shape) ? x : apply(broadcasting.broadcast, [x], { shape }).output;
}
