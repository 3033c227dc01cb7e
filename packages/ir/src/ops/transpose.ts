import { at } from "../at.ts";
import { strictObject } from "../schema.ts";
import { AdjointError } from "../error.ts";
import { type Tensor, apply } from "../tensor.ts";
import {
  type Rows,
  axesSchema,
  checkAxes,
  definePrimitive,
  normalizeAxis,
  operand,
  operands,
} from "../primitive.ts";
import type { Axes } from "../primitive-set.ts";
import { rowMajorStrides } from "../shape.ts";
import { copyStrided } from "./strided.ts";

const inverse = (permutation: Axes): number[] => permutation.map((_, axis) => permutation.indexOf(axis));

export const transposition: Rows<"transpose"> = {
  transpose: definePrimitive({
    name: "transpose",
    kind: "view",
    attributes: strictObject({ permutation: axesSchema }),
    infer: (inputs, { permutation }) => {
      const x = operand(operands("transpose", inputs, 1), 0);
      checkAxes("transpose", permutation, x.rank);
      if (permutation.length !== x.rank) {
        throw new AdjointError(
          "shape",
          "transpose",
          `[${permutation.join(", ")}] is not a permutation of the axes of ${x}`,
        );
      }
      return [{ dtype: x.dtype, shape: permutation.map((axis) => at(x.shape, axis)) }];
    },
    gradient: (node, [g]) => [g?.transpose(inverse(node.attributes.permutation))],
    evaluate: ([x], node) => {
      if (x === undefined) return [];
      const { permutation } = node.attributes;
      const own = rowMajorStrides(x.shape);
      const shape = permutation.map((axis) => at(x.shape, axis));
      return [
        copyStrided(
          x,
          shape,
          permutation.map((axis) => at(own, axis)),
        ),
      ];
    },
  }),
};

/** Reorders axes: output axis i is input axis `permutation[i]`; reversed by default. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const order =
    permutation?.map((axis) => normalizeAxis("transpose", axis, x.rank)) ??
    x.shape.map((_, axis) => x.rank - 1 - axis);
  if (order.length === x.rank && order.every((axis, index) => axis === index)) return x;
  return apply(transposition.transpose, [x], { permutation: order }).output;
}
