import { at } from "../at.ts";
import { strictObject } from "../schema.ts";
import { addDims, subDims } from "../dim.ts";
import { isFloat } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { type Tensor, type WindowOptions, apply } from "../tensor.ts";
import {
  type Rows,
  axesSchema,
  checkAxes,
  definePrimitive,
  normalizeAxis,
  operand,
  operands,
  shapeSchema,
} from "../primitive.ts";
import type { WindowAttributes } from "../primitive-set.ts";
import { type Shape, equalShapes, rowMajorStrides, shapeText } from "../shape.ts";
import { elementReader, elementWriter, zeroValue } from "../value.ts";
import { checkDomain } from "./elementwise.ts";
import { staticShape } from "./source.ts";
import { stepsIn } from "./steps.ts";
import { copyStrided, strided } from "./strided.ts";

const windowFields = { axes: axesSchema, sizes: axesSchema, strides: axesSchema, dilations: axesSchema };

function checkAttributes(operation: string, attributes: WindowAttributes, rank: number): void {
  const { axes, sizes, strides, dilations } = attributes;
  checkAxes(operation, axes, rank);
  for (const list of [sizes, strides, dilations]) {
    if (list.length !== axes.length || list.some((count) => !Number.isInteger(count) || count < 1)) {
      throw new AdjointError(
        "attribute",
        operation,
        `sizes, strides and dilations must be whole numbers ≥ 1, one for each of the ${axes.length} axes`,
      );
    }
  }
}

/** The shape of all windows over a shape. */
function windowedShape(operation: string, shape: Shape, attributes: WindowAttributes): Shape {
  const { axes, sizes, strides, dilations } = attributes;
  const counts = [...shape];
  axes.forEach((axis, index) => {
    const span = (at(sizes, index) - 1) * at(dilations, index) + 1;
    const extent = at(shape, axis);
    const room = subDims(extent, span);
    if (typeof room === "number" && room < 0) {
      throw new AdjointError(
        "shape",
        operation,
        `a window of ${span} does not fit axis ${axis} of ${shapeText(shape)}`,
        "Pad first, or take a smaller window.",
      );
    }
    // floor(room / stride) + 1 = ceil((room + 1) / stride) for whole numbers.
    counts[axis] = stepsIn(operation, addDims(room, 1), at(strides, index));
  });
  return [...counts, ...sizes];
}

/** Strides of the window view over row-major elements of `extents`. */
function windowStrides(extents: readonly number[], attributes: WindowAttributes): number[] {
  const own = rowMajorStrides(extents);
  const { axes, strides, dilations } = attributes;
  const outer = own.map((stride, axis) => stride * (strides[axes.indexOf(axis)] ?? 1));
  return [...outer, ...axes.map((axis, index) => at(own, axis) * at(dilations, index))];
}

export const windows: Rows<"window" | "windowSum"> = {
  window: definePrimitive({
    name: "window",
    kind: "view",
    attributes: strictObject(windowFields),
    infer: (inputs, attributes) => {
      const x = operand(operands("window", inputs, 1), 0);
      checkAttributes("window", attributes, x.rank);
      return [{ dtype: x.dtype, shape: windowedShape("window", x.shape, attributes) }];
    },
    gradient: (node, [g]) => [
      g && windowSum(g, { ...node.attributes, extents: operand(node.inputs, 0).shape }),
    ],
    evaluate: ([x], node) => {
      if (x === undefined) return [];
      const shape = staticShape("window", node.output.shape);
      return [copyStrided(x, shape, windowStrides(x.shape, node.attributes))];
    },
  }),
  windowSum: definePrimitive({
    name: "windowSum",
    kind: "view",
    attributes: strictObject({ ...windowFields, extents: shapeSchema }),
    infer: (inputs, attributes) => {
      const g = operand(operands("windowSum", inputs, 1), 0);
      checkDomain("windowSum", "numeric", g);
      checkAttributes("windowSum", attributes, attributes.extents.length);
      const expected = windowedShape("windowSum", attributes.extents, attributes);
      if (!equalShapes(expected, g.shape)) {
        throw new AdjointError(
          "shape",
          "windowSum",
          `windows over ${shapeText(attributes.extents)} have shape ${shapeText(expected)} and the operand is ${g}`,
        );
      }
      return [{ dtype: g.dtype, shape: attributes.extents }];
    },
    gradient: (node, [g]) => [g && window(g, node.attributes)],
    evaluate: ([g], node) => {
      if (g === undefined) return [];
      const shape = staticShape("windowSum", node.attributes.extents);
      const sums = zeroValue(isFloat(g.dtype) ? "f64" : g.dtype, shape);
      const [readSum, writeSum, read] = [elementReader(sums), elementWriter(sums), elementReader(g)];
      const to = strided(g.shape, windowStrides(shape, node.attributes));
      for (let i = 0; i < g.data.length; i++) {
        const [a, b] = [readSum(to(i)), read(i)];
        writeSum(to(i), typeof a === "bigint" && typeof b === "bigint" ? a + b : Number(a) + Number(b));
      }
      if (sums.dtype === g.dtype) return [sums];
      const value = zeroValue(g.dtype, shape);
      const write = elementWriter(value);
      for (let i = 0; i < value.data.length; i++) write(i, readSum(i));
      return [value];
    },
  }),
};

const filledIn = (
  operation: string,
  { axes, sizes, strides, dilations }: WindowOptions,
  rank: number,
): WindowAttributes => ({
  axes: axes.map((axis) => normalizeAxis(operation, axis, rank)),
  sizes,
  strides: strides ?? axes.map(() => 1),
  dilations: dilations ?? axes.map(() => 1),
});

/** All windows over some axes: those axes become the window's position, new last axes run within it. */
export function window(x: Tensor, options: WindowOptions): Tensor {
  return apply(windows.window, [x], filledIn("window", options, x.rank)).output;
}

/** The transpose of `window`: elements are added where windows overlap. `extents` is the shape that was windowed. */
export function windowSum(x: Tensor, options: WindowOptions & { readonly extents: Shape }): Tensor {
  return apply(windows.windowSum, [x], {
    ...filledIn("windowSum", options, options.extents.length),
    extents: options.extents,
  }).output;
}
