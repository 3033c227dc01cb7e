import { int, strictObject } from "../schema.ts";
import { type Dim, addDims, equalDims } from "../dim.ts";
import { AdjointError } from "../error.ts";
import { type Tensor, apply } from "../tensor.ts";
import { type Rows, checkAxes, definePrimitive, normalizeAxis } from "../primitive.ts";
import { rowMajorStrides } from "../shape.ts";
import { zeroValue } from "../value.ts";
import { unsqueeze } from "./reshape.ts";
import { staticShape } from "./source.ts";
import { strided } from "./strided.ts";

export const concatenation: Rows<"concat"> = {
  concat: definePrimitive({
    name: "concat",
    kind: "view",
    attributes: strictObject({ axis: int() }),
    infer: (inputs, { axis }) => {
      const [first, ...rest] = inputs;
      if (first === undefined) throw new AdjointError("shape", "concat", "needs at least one tensor");
      checkAxes("concat", [axis], first.rank);
      for (const other of rest) {
        const fits =
          other.dtype === first.dtype &&
          other.rank === first.rank &&
          first.shape.every((size, at) => at === axis || equalDims(size, other.shape[at] ?? -1));
        if (!fits) {
          throw new AdjointError(
            "shape",
            "concat",
            `${first} and ${other} must agree in dtype and in all axes but axis ${axis}`,
          );
        }
      }
      const total = inputs.reduce<Dim>((sum, tensor) => addDims(sum, tensor.shape[axis] ?? 0), 0);
      return [{ dtype: first.dtype, shape: first.shape.map((size, at) => (at === axis ? total : size)) }];
    },
    gradient: (node, [g]) => {
      const { axis } = node.attributes;
      let start: Dim = 0;
      return node.inputs.map((tensor) => {
        const end = addDims(start, tensor.shape[axis] ?? 0);
        const piece = g?.slice(tensor.shape.map((_, at) => (at === axis ? { start, end } : undefined)));
        start = end;
        return piece;
      });
    },
    evaluate: (inputs, node) => {
      const shape = staticShape("concat", node.output.shape);
      const { axis } = node.attributes;
      const [first] = inputs;
      if (first === undefined) return [];
      const value = zeroValue(first.dtype, shape);
      const strides = rowMajorStrides(shape);
      let start = 0;
      for (const part of inputs) {
        const to = strided(part.shape, strides, start * (strides[axis] ?? 1));
        for (let i = 0; i < part.data.length; i++) {
          const element = part.data[i];
          if (element !== undefined) value.data[to(i)] = element;
        }
        start += part.shape[axis] ?? 0;
      }
      return [value];
    },
  }),
};

/** Joins tensors along an axis. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new AdjointError("shape", "concat", "needs at least one tensor");
  if (tensors.length === 1) return first;
  return apply(concatenation.concat, tensors, { axis: normalizeAxis("concat", axis, first.rank) }).output;
}

/** Stacks tensors of one type along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concat(
    tensors.map((tensor) => unsqueeze(tensor, axis)),
    axis,
  );
}
