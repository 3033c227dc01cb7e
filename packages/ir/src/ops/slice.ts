import { at } from "../at.ts";
import { strictObject } from "../schema.ts";
import { type Dim, addDims, equalDims, mulDims, provablyAtLeast, subDims } from "../dim.ts";
import { AdjointError } from "../error.ts";
import { type SliceRange, type Tensor, apply } from "../tensor.ts";
import { type Rows, axesSchema, definePrimitive, operand, operands, shapeSchema } from "../primitive.ts";
import type { Axes, PrimitiveSet } from "../primitive-set.ts";
import { type Shape, equalShapes, rowMajorStrides } from "../shape.ts";
import { concat } from "./concat.ts";
import { lift } from "./elementwise.ts";
import { staticShape } from "./source.ts";
import { stepsIn } from "./steps.ts";
import { copyStrided } from "./strided.ts";

type SliceAttributes = PrimitiveSet["view"]["slice"];

/** The positions of a slice's elements among the row-major elements of `shape`. */
export const slicePositions = (
  shape: readonly number[],
  { starts, steps }: SliceAttributes,
): { strides: number[]; offset: number } => {
  const own = rowMajorStrides(shape);
  return {
    strides: own.map((stride, axis) => stride * at(steps, axis)),
    offset: own.reduce((sum, stride, axis) => sum + stride * Number(at(starts, axis)), 0),
  };
};

export const slicing: Rows<"slice"> = {
  slice: definePrimitive({
    name: "slice",
    kind: "view",
    attributes: strictObject({ starts: shapeSchema, sizes: shapeSchema, steps: axesSchema }),
    infer: (inputs, { starts, sizes, steps }) => {
      const x = operand(operands("slice", inputs, 1), 0);
      for (const list of [starts, sizes, steps]) {
        if (list.length !== x.rank)
          throw new AdjointError("shape", "slice", `wants a range for each axis of ${x}`);
      }
      x.shape.forEach((extent, axis) => {
        const [start, size, step] = [at(starts, axis), at(sizes, axis), at(steps, axis)];
        if (!Number.isInteger(step) || step < 1)
          throw new AdjointError(
            "attribute",
            "slice",
            `step ${step} is not a whole number ≥ 1`,
            "Use flip to run backwards.",
          );
        if (equalDims(size, 0)) return;
        const last = addDims(start, mulDims(subDims(size, 1), step));
        if (
          !provablyAtLeast(start, 0) ||
          !provablyAtLeast(size, 0) ||
          !provablyAtLeast(subDims(extent, 1), last)
        ) {
          throw new AdjointError(
            "shape",
            "slice",
            `elements ${start} to ${last} of axis ${axis} lie outside ${x}, or that can't be decided`,
          );
        }
      });
      return [{ dtype: x.dtype, shape: sizes }];
    },
    gradient: (node, [g]) => {
      const x = operand(node.inputs, 0);
      if (g === undefined) return [undefined];
      const { starts, sizes, steps } = node.attributes;
      // Padding takes numbers; with a symbol the slice is undone by a concatenation of zeros.
      const highs = x.shape.map((extent, axis) => {
        const [start, size, step] = [at(starts, axis), at(sizes, axis), at(steps, axis)];
        const used = equalDims(size, 0) ? start : addDims(start, addDims(mulDims(subDims(size, 1), step), 1));
        return subDims(extent, used);
      });
      return [
        padTo(
          g,
          starts,
          highs,
          steps.map((step) => step - 1),
        ),
      ];
    },
    evaluate: ([x], node) => {
      if (x === undefined) return [];
      const { strides, offset } = slicePositions(x.shape, node.attributes);
      const shape = staticShape("slice", node.attributes.sizes);
      return [copyStrided(x, shape, strides, offset)];
    },
  }),
};

/** Zeros around and between elements, by counts that may be symbolic. */
function padTo(g: Tensor, lows: Shape, highs: Shape, interior: Axes): Tensor {
  // On an axis of symbolic size each element brings the zeros behind it, which also holds if there are no elements.
  const apart = g.shape.map((size, axis) => (typeof size === "number" ? 0 : at(interior, axis)));
  const number = (count: Dim): number => (typeof count === "number" ? count : 0);
  const after = highs.map((high, axis) => subDims(high, typeof high === "number" ? at(apart, axis) : 0));
  let result = apart.reduce(spread, g).pad({
    low: lows.map(number),
    high: after.map((high) => Math.max(0, number(high))),
    interior: interior.map((gap, axis) => (apart[axis] === 0 ? gap : 0)),
  });
  lows.forEach((low, axis) => {
    const high = at(after, axis);
    const zeros = (count: Dim): Tensor[] =>
      typeof count === "number"
        ? []
        : [lift("pad", 0, g).broadcast(result.shape.map((size, other) => (other === axis ? count : size)))];
    const parts = [...zeros(low), result, ...zeros(high)];
    if (parts.length > 1) result = concat(parts, axis);
    const extra = typeof high === "number" ? Math.max(0, -high) : at(apart, axis);
    if (extra === 0) return;
    const end = subDims(at(result.shape, axis), extra);
    result = slice(
      result,
      [...lows.keys()].map((other) => (other === axis ? { end } : undefined)),
    );
  });
  return result;
}

/** Zeros behind each element of an axis. */
function spread(x: Tensor, gap: number, axis: number): Tensor {
  if (gap === 0) return x;
  const { shape } = x;
  const high = [...shape, 1].map((_, other) => (other === axis + 1 ? gap : 0));
  const length = mulDims(at(shape, axis), gap + 1);
  return x
    .unsqueeze(axis + 1)
    .pad({ high })
    .reshape(shape.map((size, other) => (other === axis ? length : size)));
}

/** A range of each axis; undefined takes the whole axis. Negative numbers count from the end; ends are clamped. */
export function slice(x: Tensor, ranges: readonly (SliceRange | undefined)[]): Tensor {
  if (ranges.length > x.rank) throw new AdjointError("shape", "slice", `${ranges.length} ranges for ${x}`);
  const starts: Dim[] = [];
  const sizes: Dim[] = [];
  const steps: number[] = [];
  x.shape.forEach((extent, axis) => {
    const { start = 0, end = extent, step = 1 } = ranges[axis] ?? {};
    const clamped = (bound: Dim): Dim => {
      const absolute = typeof bound === "number" && bound < 0 ? addDims(extent, bound) : bound;
      if (typeof absolute !== "number") return absolute;
      return typeof extent === "number" ? Math.min(Math.max(absolute, 0), extent) : absolute;
    };
    const [first, last] = [clamped(start), clamped(end)];
    const span = subDims(last, first);
    starts.push(first);
    sizes.push(stepsIn("slice", typeof span === "number" ? Math.max(0, span) : span, step));
    steps.push(step);
  });
  if (equalShapes(sizes, x.shape) && steps.every((step) => step === 1)) return x;
  return apply(slicing.slice, [x], { starts, sizes, steps }).output;
}
