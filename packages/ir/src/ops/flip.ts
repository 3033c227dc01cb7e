import { at } from "../at.ts";
import { type Tensor, apply } from "../tensor.ts";
import {
  type Rows,
  axesAttributes,
  checkAxes,
  definePrimitive,
  normalizeAxes,
  operand,
  operands,
} from "../primitive.ts";
import { rowMajorStrides } from "../shape.ts";
import { copyStrided } from "./strided.ts";

export const flipping: Rows<"flip"> = {
  flip: definePrimitive({
    name: "flip",
    kind: "view",
    attributes: axesAttributes,
    infer: (inputs, { axes }) => {
      const x = operand(operands("flip", inputs, 1), 0);
      checkAxes("flip", axes, x.rank);
      return [x.type];
    },
    gradient: (node, [g]) => [g?.flip(node.attributes.axes)],
    evaluate: ([x], node) => {
      if (x === undefined) return [];
      const { axes } = node.attributes;
      const own = rowMajorStrides(x.shape);
      const strides = own.map((stride, axis) => (axes.includes(axis) ? -stride : stride));
      const offset = axes.reduce((sum, axis) => sum + (at(x.shape, axis) - 1) * at(own, axis), 0);
      return [copyStrided(x, x.shape, strides, offset)];
    },
  }),
};

/** Reverses axes. */
export function flip(x: Tensor, axes: readonly number[]): Tensor {
  return axes.length === 0
    ? x
    : apply(flipping.flip, [x], { axes: normalizeAxes("flip", axes, x.rank) }).output;
}
