import { int, strictObject } from "../schema.ts";
import {
  type Dim,
  addDims,
  bindDim,
  dimSymbols,
  divDims,
  equalDims,
  mulDims,
  provablyAtLeast,
  subDims,
} from "../dim.ts";
import { AdjointError } from "../error.ts";
import { type Operand, type PadOptions, type SliceRange, type Tensor, apply } from "../tensor.ts";
import {
  type Rows,
  axesAttributes,
  axesSchema,
  checkAxes,
  definePrimitive,
  normalizeAxes,
  normalizeAxis,
  operand,
  operands,
  shapeSchema,
} from "../primitive.ts";
import type { Axes, PrimitiveSet } from "../primitive-set.ts";
import { type Shape, equalShapes, rowMajorStrides, shapeSize, shapeText } from "../shape.ts";
import { elementReader, elementWriter, zeroValue } from "../value.ts";
import { copyElements, strided } from "./broadcast.ts";
import { lift } from "./elementwise.ts";
import { staticShape } from "./source.ts";

const inverse = (permutation: Axes): number[] => permutation.map((_, axis) => permutation.indexOf(axis));

/** How many steps of `step` fit in `extent`, rounded up; refused where a symbol decides. */
function stepsIn(operation: string, extent: Dim, step: number): Dim {
  if (typeof extent === "number") return Math.max(0, Math.ceil(extent / step));
  const exact = divDims(extent, step);
  if (exact !== undefined) return exact;
  // ceil((step·q + r) / step) = q + ceil(r / step): only the constant term needs rounding.
  const rest = bindDim(extent, Object.fromEntries(dimSymbols(extent).map((symbol) => [symbol, 0])));
  const quotient = typeof rest === "number" ? divDims(subDims(extent, rest), step) : undefined;
  if (quotient !== undefined && typeof rest === "number") return addDims(quotient, Math.ceil(rest / step));
  throw new AdjointError(
    "shape",
    operation,
    `the number of steps of ${step} in ${extent} depends on its symbols`,
    `Bind ${dimSymbols(extent).join(", ")} to a number.`,
  );
}

type SliceAttributes = PrimitiveSet["view"]["slice"];

const positions = (
  shape: readonly number[],
  { starts, steps }: SliceAttributes,
): { strides: number[]; offset: number } => {
  const own = rowMajorStrides(shape);
  return {
    strides: own.map((stride, axis) => stride * (steps[axis] ?? 1)),
    offset: own.reduce((sum, stride, axis) => sum + stride * Number(starts[axis] ?? 0), 0),
  };
};

export const view: Rows<"reshape" | "transpose" | "slice" | "pad" | "concat" | "flip"> = {
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
          `[${permutation.join(", ")}] is no permutation of the axes of ${x}`,
        );
      }
      return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis] ?? 1) }];
    },
    gradient: (node, [g]) => [g?.transpose(inverse(node.attributes.permutation))],
    evaluate: ([x], node) => {
      if (x === undefined) return [];
      const { permutation } = node.attributes;
      const own = rowMajorStrides(x.shape);
      const shape = permutation.map((axis) => x.shape[axis] ?? 1);
      return [
        copyElements(
          x,
          shape,
          strided(
            shape,
            permutation.map((axis) => own[axis] ?? 1),
          ),
        ),
      ];
    },
  }),
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
        const [start, size, step] = [starts[axis] ?? 0, sizes[axis] ?? 0, steps[axis] ?? 1];
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
      // Padding is by numbers; where a symbol is involved the slice is undone by a concatenation of zeros.
      const highs = x.shape.map((extent, axis) => {
        const [start, size, step] = [starts[axis] ?? 0, sizes[axis] ?? 0, steps[axis] ?? 1];
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
      const { strides, offset } = positions(x.shape, node.attributes);
      const shape = staticShape("slice", node.attributes.sizes);
      return [copyElements(x, shape, strided(shape, strides, offset))];
    },
  }),
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
        const gaps = equalDims(size, 0) ? 0 : mulDims(subDims(size, 1), interior[axis] ?? 0);
        return addDims(addDims(size, gaps), (low[axis] ?? 0) + (high[axis] ?? 0));
      });
      return [{ dtype: x.dtype, shape }];
    },
    gradient: (node, [g]) => {
      const x = operand(node.inputs, 0);
      if (g === undefined) return [undefined, undefined];
      const { low, interior } = node.attributes;
      const steps = interior.map((count) => count + 1);
      const kept = apply(view.slice, [g], { starts: low, sizes: x.shape, steps }).output;
      return [kept, g.reduceSum().sub(kept.reduceSum())];
    },
    evaluate: ([x, filler], node) => {
      if (x === undefined || filler === undefined) return [];
      const shape = staticShape("pad", node.output.shape);
      const { low, interior } = node.attributes;
      const value = zeroValue(x.dtype, shape);
      const [write, read] = [elementWriter(value), elementReader(x)];
      const rest = elementReader(filler)(0);
      for (let i = 0; i < value.data.length; i++) write(i, rest);
      const { strides, offset } = positions(shape, {
        starts: low,
        sizes: x.shape,
        steps: interior.map((count) => count + 1),
      });
      const to = strided(x.shape, strides, offset);
      for (let i = 0; i < x.data.length; i++) write(to(i), read(i));
      return [value];
    },
  }),
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
      const offset = axes.reduce((sum, axis) => sum + ((x.shape[axis] ?? 1) - 1) * (own[axis] ?? 1), 0);
      return [copyElements(x, x.shape, strided(x.shape, strides, offset))];
    },
  }),
};

/** Zeros around and between elements, by counts that may be symbolic. */
function padTo(x: Tensor, lows: Shape, highs: Shape, interior: Axes): Tensor {
  const number = (count: Dim): number => (typeof count === "number" ? count : 0);
  let result = pad(x, { low: lows.map(number), high: highs.map(number), interior });
  lows.forEach((low, axis) => {
    const high = highs[axis] ?? 0;
    const zeros = (count: Dim): Tensor[] =>
      typeof count === "number"
        ? []
        : [lift("pad", 0, x).broadcast(result.shape.map((size, at) => (at === axis ? count : size)))];
    const parts = [...zeros(low), result, ...zeros(high)];
    if (parts.length > 1) result = concat(parts, axis);
  });
  return result;
}

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
  return equalShapes(x.shape, target) ? x : apply(view.reshape, [x], { shape: target }).output;
}

/** Reorders axes: output axis i is input axis `permutation[i]`; reversed by default. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const order =
    permutation?.map((axis) => normalizeAxis("transpose", axis, x.rank)) ??
    x.shape.map((_, axis) => x.rank - 1 - axis);
  if (order.length === x.rank && order.every((axis, index) => axis === index)) return x;
  return apply(view.transpose, [x], { permutation: order }).output;
}

/** Inserts axes of size 1 at these places of the result. */
export function unsqueeze(x: Tensor, axes: readonly number[] | number): Tensor {
  const list = typeof axes === "number" ? [axes] : axes;
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
    if (!equalDims(x.shape[axis] ?? 1, 1))
      throw new AdjointError("shape", "squeeze", `axis ${axis} of ${x} is not 1`);
  }
  return reshape(
    x,
    x.shape.filter((_, axis) => !places.includes(axis)),
  );
}

/** A range of each axis; undefined takes the whole axis. Negative numbers count from the end; ends are clamped. */
export function slice(x: Tensor, ranges: readonly (SliceRange | undefined)[]): Tensor {
  if (ranges.length > x.rank) throw new AdjointError("shape", "slice", `${ranges.length} ranges for ${x}`);
  const starts: Dim[] = [];
  const sizes: Dim[] = [];
  const steps: number[] = [];
  x.shape.forEach((extent, axis) => {
    const { start = 0, end = extent, step = 1 } = ranges[axis] ?? {};
    const place = (at: Dim): Dim => {
      const absolute = typeof at === "number" && at < 0 ? addDims(extent, at) : at;
      if (typeof absolute !== "number") return absolute;
      return typeof extent === "number" ? Math.min(Math.max(absolute, 0), extent) : absolute;
    };
    const [first, last] = [place(start), place(end)];
    const span = subDims(last, first);
    starts.push(first);
    sizes.push(stepsIn("slice", typeof span === "number" ? Math.max(0, span) : span, step));
    steps.push(step);
  });
  if (equalShapes(sizes, x.shape) && steps.every((step) => step === 1)) return x;
  return apply(view.slice, [x], { starts, sizes, steps }).output;
}

/** Fillers (0 by default) before, after and between elements. */
export function pad(x: Tensor, options: PadOptions): Tensor {
  const none = x.shape.map(() => 0);
  const { low = none, high = none, interior = none, value = 0 } = options;
  if ([...low, ...high, ...interior].every((count) => count === 0)) return x;
  return apply(view.pad, [x, fillerOf(value, x)], { low, high, interior }).output;
}

const fillerOf = (value: Operand, x: Tensor): Tensor => lift("pad", value, x);

/** Joins tensors along an axis. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new AdjointError("shape", "concat", "needs at least one tensor");
  if (tensors.length === 1) return first;
  return apply(view.concat, tensors, { axis: normalizeAxis("concat", axis, first.rank) }).output;
}

/** Stacks tensors of one type along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concat(
    tensors.map((tensor) => unsqueeze(tensor, axis)),
    axis,
  );
}

/** Reverses axes. */
export function flip(x: Tensor, axes: readonly number[]): Tensor {
  return axes.length === 0 ? x : apply(view.flip, [x], { axes: normalizeAxes("flip", axes, x.rank) }).output;
}

export { stepsIn };
