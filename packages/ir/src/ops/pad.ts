import { at } from "../at.ts";
import { strictObject } from "../schema.ts";
import { addDims, equalDims, mulDims, subDims } from "../dim.ts";
import { AdjointError } from "../error.ts";
import { type PadOptions, type Tensor, apply } from "../tensor.ts";
import { type Rows, axesSchema, definePrimitive, operand, operands } from "../primitive.ts";
import { elementReader, elementWriter, zeroValue } from "../value.ts";
import { lift } from "./elementwise.ts";
import { slicePositions, slicing } from "./slice.ts";
import { filled, staticShape } from "./source.ts";
import { strided } from "./strided.ts";

export const padding: Rows<"pad"> = {
  pad: definePrimitive({
    name: "pad",
    kind: "view",
    attributes: strictObject({ low: axesSchema, high: axesSchema, interior: axesSchema }),
    infer: (inputs, { low, high, interior }) => {
      const [x, filler] = operands("pad", inputs, 2);
      if (x === undefined || filler === undefined) return [];
      if (filler.rank !== 0 || filler.dtype !== x.dtype) {
        throw new AdjointError("dtype", "pad", `the filler must be ${x.dtype}[] and is ${filler}`);
      }
      for (const list of [low, high, interior]) {
        if (list.length !== x.rank || list.some((count) => !Number.isInteger(count) || count < 0)) {
          throw new AdjointError(
            "attribute",
            "pad",
            `[${list.join(", ")}] must be a whole number ≥ 0 for each axis of ${x}`,
            "Slice to crop.",
          );
        }
      }
      const shape = x.shape.map((size, axis) => {
        const gaps = equalDims(size, 0) ? 0 : mulDims(subDims(size, 1), at(interior, axis));
        return addDims(addDims(size, gaps), at(low, axis) + at(high, axis));
      });
      return [{ dtype: x.dtype, shape }];
    },
    gradient: (node, [g]) => {
      const x = operand(node.inputs, 0);
      if (g === undefined) return [undefined, undefined];
      const { low, interior } = node.attributes;
      const steps = interior.map((count) => count + 1);
      const kept = apply(slicing.slice, [g], { starts: low, sizes: x.shape, steps }).output;
      // A difference of sums would lose what is small, and be NaN if an element is infinite.
      const isFiller = pad(filled(false, "bool", x.shape), { ...node.attributes, value: true });
      return [kept, isFiller.where(g, 0).reduceSum()];
    },
    evaluate: ([x, filler], node) => {
      if (x === undefined || filler === undefined) return [];
      const shape = staticShape("pad", node.output.shape);
      const { low, interior } = node.attributes;
      const value = zeroValue(x.dtype, shape);
      const [write, read] = [elementWriter(value), elementReader(x)];
      const rest = elementReader(filler)(0);
      for (let i = 0; i < value.data.length; i++) write(i, rest);
      const { strides, offset } = slicePositions(shape, {
        starts: low,
        sizes: x.shape,
        steps: interior.map((count) => count + 1),
      });
      const to = strided(x.shape, strides, offset);
      for (let i = 0; i < x.data.length; i++) write(to(i), read(i));
      return [value];
    },
  }),
};

/** Fillers (0 by default) before, after and between elements. */
export function pad(x: Tensor, options: PadOptions): Tensor {
  const none = x.shape.map(() => 0);
  const { low = none, high = none, interior = none, value = 0 } = options;
  if ([...low, ...high, ...interior].every((count) => count === 0)) return x;
  return apply(padding.pad, [x, lift("pad", value, x)], { low, high, interior }).output;
}
