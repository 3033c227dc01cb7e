import { at } from "../at.ts";
import { strictObject } from "../schema.ts";
import { divDims, equalDims } from "../dim.ts";
import { AdjointError } from "../error.ts";
import { type Tensor, apply } from "../tensor.ts";
import { type Rows, definePrimitive, normalizeAxes, operand, operands, shapeSchema } from "../primitive.ts";
import { type Shape, checkRank, equalShapes, shapeSize, shapeText } from "../shape.ts";
import { staticShape } from "./source.ts";

export const reshaping: Rows<"reshape"> = {
  reshape: definePrimitive({
    name: "reshape",
    kind: "view",
    attributes: strictObject({ shape: shapeSchema }),
    infer: (inputs, { shape }) => {
      const x = operand(operands("reshape", inputs, 1), 0);
      if (!equalDims(shapeSize(x.shape), shapeSize(shape))) {
        throw new AdjointError(
          "shape",
          "reshape",
          `${x} has ${shapeSize(x.shape)} elements and ${shapeText(shape)} has ${shapeSize(shape)}`,
        );
      }
      return [{ dtype: x.dtype, shape }];
    },
    gradient: ({ inputs }, [g]) => [g?.reshape(operand(inputs, 0).shape)],
    evaluate: ([x], node) => (x ? [{ ...x, shape: staticShape("reshape", node.attributes.shape) }] : []),
  }),
};

/** The same elements, row-major, in another shape; one size may be −1. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const open = shape.findIndex((size) => size === -1);
  let target = shape;
  if (open >= 0) {
    const known = shapeSize(shape.filter((_, axis) => axis !== open));
    const size = divDims(shapeSize(x.shape), known);
    if (size === undefined)
      throw new AdjointError("shape", "reshape", `${x} does not divide into ${shapeText(shape)}`);
    target = shape.map((given, axis) => (axis === open ? size : given));
  }
  return equalShapes(x.shape, target) ? x : apply(reshaping.reshape, [x], { shape: target }).output;
}

/** Inserts axes of size 1 at these indices of the result. */
export function unsqueeze(x: Tensor, axes: readonly number[] | number): Tensor {
  const list = typeof axes === "number" ? [axes] : axes;
  checkRank("unsqueeze", x.rank + list.length);
  const places = normalizeAxes("unsqueeze", list, x.rank + list.length);
  const rest = [...x.shape];
  return reshape(
    x,
    Array.from({ length: x.rank + list.length }, (_, axis) =>
      places.includes(axis) ? 1 : (rest.shift() ?? 1),
    ),
  );
}

/** Removes axes of size 1. */
export function squeeze(x: Tensor, axes: readonly number[] | number): Tensor {
  const places = normalizeAxes("squeeze", axes, x.rank);
  for (const axis of places) {
    if (!equalDims(at(x.shape, axis), 1))
      throw new AdjointError("shape", "squeeze", `axis ${axis} of ${x} is not 1`);
  }
  return reshape(
    x,
    x.shape.filter((_, axis) => !places.includes(axis)),
  );
}
