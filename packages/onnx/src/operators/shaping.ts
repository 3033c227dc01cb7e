import type { Tensor } from "@adjoint/ir";
import { type Dim, at } from "@adjoint/ir/values";
import { int, optional, strictObject, whole, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { before, dropped, toInputs } from "./older.ts";
import { type Operator, flag, ints, operator } from "./row.ts";

/** Axis from the front. */
export function axisOf(context: OperatorContext, axis: number, rank: number): number {
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  return context.refuse(`axis ${axis} of a tensor of rank ${rank}`);
}

/** The product of some sizes. */
const product = (sizes: readonly Dim[]): Dim => sizes.reduce<Dim>(ir.mulDims, 1);

/** Parts along an axis, of these sizes. */
export function splitAlong(x: Tensor, axis: number, sizes: readonly Dim[]): readonly Tensor[] {
  let start: Dim = 0;
  return sizes.map((size) => {
    const end = ir.addDims(start, size);
    const part = x.slice(x.shape.map((_, index) => (index === axis ? { start, end } : undefined)));
    start = end;
    return part;
  });
}

/** Operators that only change the shape, or put parts together. */
export const shaping: readonly Operator[] = [
  operator({
    name: "Reshape",
    since: [1, 5, 13, 14, 19, 21, 23, 24, 25],
    elements: "moved",
    older: [before(5, toInputs(1, "shape"))],
    attributes: strictObject({ allowzero: withDefault(flag, false) }),
    import(context) {
      const x = context.input(0);
      const shape = context.dims(1).map((size, axis) => {
        if (size !== 0 || context.attributes.allowzero) return size;
        return x.shape[axis] ?? context.refuse(`keeps axis ${axis} of ${x}`);
      });
      return x.reshape(shape);
    },
  }),
  operator({
    name: "Flatten",
    since: [1, 9, 11, 13, 21, 23, 24, 25],
    elements: "moved",
    attributes: strictObject({ axis: withDefault(int(), 1) }),
    import(context) {
      const x = context.input(0);
      const { axis } = context.attributes;
      // One more than the last axis is allowed: all sizes go to the left.
      const first = axis === x.rank ? axis : axisOf(context, axis, x.rank);
      return x.reshape([product(x.shape.slice(0, first)), product(x.shape.slice(first))]);
    },
  }),
  operator({
    name: "Squeeze",
    since: [1, 11, 13, 21, 23, 24, 25],
    elements: "moved",
    older: [before(13, toInputs(1, "axes"))],
    import(context) {
      const x = context.input(0);
      const units = x.shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
      return x.squeeze(context.numbers(1) ?? units);
    },
  }),
  operator({
    name: "Unsqueeze",
    since: [1, 11, 13, 21, 23, 24, 25],
    elements: "moved",
    older: [before(13, toInputs(1, "axes"))],
    import: (context) =>
      context.input(0).unsqueeze(context.numbers(1) ?? context.refuse("input 1, the axes, is missing")),
  }),
  operator({
    name: "Transpose",
    since: [1, 13, 21, 23, 24, 25],
    elements: "moved",
    attributes: strictObject({ perm: optional(ints) }),
    import: (context) => context.input(0).transpose(context.attributes.perm),
  }),
  operator({
    name: "Concat",
    since: [1, 4, 11, 13],
    elements: "moved",
    older: [before(4, ({ attributes, inputs }) => ({ attributes: { axis: 1, ...attributes }, inputs }))],
    attributes: strictObject({ axis: int() }),
    import: (context) => ir.concat(context.inputs(), context.attributes.axis),
  }),
  operator({
    name: "Split",
    since: [1, 2, 11, 13, 18],
    elements: "moved",
    older: [
      before(13, (form) => (form.inputs.length > 1 ? dropped("split")(form) : toInputs(1, "split")(form))),
    ],
    attributes: strictObject({ axis: withDefault(int(), 0), num_outputs: optional(whole(1)) }),
    import(context) {
      const x = context.input(0);
      const axis = axisOf(context, context.attributes.axis, x.rank);
      const sizes = context.optional(1) ? context.dims(1) : evenSizes(context, at(x.shape, axis));
      return splitAlong(x, axis, sizes);
    },
  }),
  operator({
    name: "Expand",
    since: [8, 13],
    elements: "moved",
    // Two-way: sizes of 1 in the shape stay the tensor's.
    import(context) {
      const x = context.input(0);
      const shape = context.dims(1);
      const rank = Math.max(x.rank, shape.length);
      return x.broadcast(
        Array.from({ length: rank }, (_, axis) => {
          // Axes that one of them lacks are in front, and of size 1.
          const own = x.shape[axis - (rank - x.rank)] ?? 1;
          const wanted = shape[axis - (rank - shape.length)] ?? 1;
          return wanted === 1 ? own : wanted;
        }),
      );
    },
  }),
  operator({
    name: "Tile",
    since: [1, 6, 13],
    elements: "moved",
    import(context) {
      const x = context.input(0);
      if (context.version < 6) {
        const [count, axis] = [context.number(1) ?? 1, context.number(2) ?? 0];
        return tile(
          x,
          x.shape.map((_, index) => (index === axis ? count : 1)),
        );
      }
      return tile(x, context.dims(1));
    },
  }),
];

/** Equal parts, the last one shorter where they don't come out even (opset 18). */
function evenSizes(
  context: OperatorContext<{ readonly num_outputs?: number | undefined }>,
  extent: Dim,
): readonly Dim[] {
  const { num_outputs: count = context.outputs } = context.attributes;
  if (count !== context.outputs)
    context.refuse(`num_outputs is ${count} and the node names ${context.outputs}`);
  const even = ir.divDims(extent, count);
  if (even !== undefined) return Array.from({ length: count }, () => even);
  if (typeof extent !== "number") return context.refuse(`${extent} does not divide by ${count}`);
  const size = Math.ceil(extent / count);
  return Array.from({ length: count }, (_, index) => Math.max(0, Math.min(size, extent - index * size)));
}

/** Repeats along each axis: [n, m] becomes [r, n, s, m] by stretching, and then [r·n, s·m]. */
function tile(x: Tensor, repeats: readonly Dim[]): Tensor {
  const apart = x.shape.flatMap((size): Dim[] => [1, size]);
  const stretched = x.shape.flatMap((size, axis): Dim[] => [at(repeats, axis), size]);
  return x
    .reshape(apart)
    .broadcast(stretched)
    .reshape(x.shape.map((size, axis) => ir.mulDims(size, at(repeats, axis))));
}
