import type { Tensor } from "@adjoint/ir";
import { type ScatterReduction, isNode } from "@adjoint/ir/graph";
import { type Dim, at, elementReader, rowMajorStrides, valueOf } from "@adjoint/ir/values";
import {
  type Schema,
  int,
  literal,
  oneOf,
  optional,
  strictObject,
  whole,
  withDefault,
} from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { sizeTensor } from "./constants.ts";
import { type Operator, operator } from "./row.ts";
import { axisOf } from "./shaping.ts";

const axis = withDefault(int(), 0);

const reduction: Schema<ScatterReduction> = withDefault(oneOf(["none", "add", "mul", "max", "min"]), "none");

/** `Scatter` is what `ScatterElements` was called before. */
const scatterElements = (name: string, since: readonly number[]): Operator =>
  operator({
    name,
    since,
    attributes: strictObject({ axis, reduction }),
    import(context) {
      const x = context.input(0);
      const along = axisOf(context, context.attributes.axis, x.rank);
      const indices = fromFront(context, 1, [at(x.shape, along)]);
      return ir.scatterElements(x, indices, context.input(2), along, context.attributes.reduction);
    },
  });

/** Reading and writing at indices. */
export const indexing: readonly Operator[] = [
  operator({
    name: "Gather",
    since: [1, 11, 13],
    elements: "moved",
    attributes: strictObject({ axis }),
    import(context) {
      const x = context.input(0);
      const along = axisOf(context, context.attributes.axis, x.rank);
      return ir.take(x, fromFront(context, 1, [at(x.shape, along)]), along);
    },
  }),
  operator({
    name: "GatherElements",
    since: [11, 13],
    elements: "moved",
    attributes: strictObject({ axis }),
    import(context) {
      const x = context.input(0);
      const along = axisOf(context, context.attributes.axis, x.rank);
      return ir.gatherElements(x, fromFront(context, 1, [at(x.shape, along)]), along);
    },
  }),
  operator({
    name: "GatherND",
    since: [11, 12, 13],
    elements: "moved",
    attributes: strictObject({ batch_dims: withDefault(whole(0), 0) }),
    import(context) {
      const x = context.input(0);
      const { batch_dims: batch } = context.attributes;
      const indices = fromFront(context, 1, addressed(context, x, batch));
      const rows = [...indices.shape.slice(0, -1), 1];
      const examples = Array.from({ length: batch }, (_, index) => ir.iota(indices.dtype, rows, index));
      return ir.gather(x, ir.concat([...examples, indices], indices.rank - 1));
    },
  }),
  scatterElements("Scatter", [9, 11]),
  scatterElements("ScatterElements", [11, 13, 16, 18]),
  operator({
    name: "ScatterND",
    since: [11, 13, 16, 18],
    attributes: strictObject({ reduction }),
    import(context) {
      const x = context.input(0);
      const indices = fromFront(context, 1, addressed(context, x, 0));
      return ir.scatter(x, indices, context.input(2), context.attributes.reduction);
    },
  }),
  operator({
    name: "TensorScatter",
    since: [24],
    attributes: strictObject({
      axis: withDefault(int(), -2),
      mode: withDefault(oneOf(["linear", "circular"]), "linear"),
    }),
    import(context) {
      const [cache, update] = [context.input(0), context.input(1)];
      const along = axisOf(context, context.attributes.axis, cache.rank);
      const rows = update.shape.slice(0, along + 1);
      const step = ir.iota("i32", rows, along);
      const start = context
        .optional(2)
        ?.cast("i32")
        .unsqueeze(rows.slice(1).map((_, index) => index + 1));
      const linear = start === undefined ? step : step.add(start);
      const extent = sizeTensor(at(cache.shape, along)).cast("i32");
      const position = context.attributes.mode === "circular" ? linear.mod(extent) : linear;
      const coordinates = [...rows.slice(0, -1).map((_, index) => ir.iota("i32", rows, index)), position];
      return ir.scatter(cache, ir.stack(coordinates, rows.length), update);
    },
  }),
  operator({
    name: "OneHot",
    since: [9, 11],
    attributes: strictObject({ axis: withDefault(int(), -1) }),
    import(context) {
      const given = context.input(0);
      const indices = ir.isInteger(given.dtype) ? given : given.cast("i64");
      const depth = context.number(1) ?? context.refuse("input 1, the depth, is missing");
      const isHot = ir.oneHot(indices, depth, { dtype: "bool", axis: context.attributes.axis });
      const value = (index: number): Tensor =>
        context
          .input(2)
          .slice([{ start: index, end: index + 1 }])
          .reshape([]);
      return isHot.where(value(1), value(0));
    },
  }),
  operator({
    name: "Trilu",
    since: [14],
    attributes: strictObject({ upper: withDefault(literal([0, 1]), 1) }),
    import(context) {
      const x = context.input(0);
      const upper = context.attributes.upper === 1;
      if (context.optional(1) === undefined || context.known(1) !== undefined)
        return ir.trilu(x, { upper, k: context.number(1) ?? 0 });
      const rows = x.shape.slice(-2);
      const diagonal = ir.iota("i32", rows, 0).add(context.input(1).cast("i32").reshape([]));
      const column = ir.iota("i32", rows, 1);
      const isKept = upper ? column.greaterOrEqual(diagonal) : column.lessOrEqual(diagonal);
      return isKept.where(x, ir.filled(0, x.dtype, []));
    },
  }),
  operator({
    name: "Range",
    since: [11],
    import(context) {
      const [start, delta] = [context.input(0).reshape([]), context.input(2).reshape([])];
      const { dtype } = start;
      // Narrow floats don't hold every whole number.
      const wide = dtype === "f16" || dtype === "bf16" ? "f32" : dtype;
      const steps = ir.iota(wide, [rangeLength(context)], 0);
      if (context.number(0) === 0 && context.number(2) === 1) return steps.cast(dtype);
      return steps.mul(delta.cast(wide)).add(start.cast(wide)).cast(dtype);
    },
  }),
  operator({
    name: "NonZero",
    since: [9, 13],
    import(context) {
      const { shape, ...value } = context.constant(0);
      const read = elementReader({ shape, ...value });
      const strides = rowMajorStrides(shape);
      context.reserve(value.data.length * (1 + shape.length));
      const positions = Array.from(value.data.keys()).filter((position) => Number(read(position)) !== 0);
      const coordinates = shape.flatMap((extent, dimension) =>
        positions.map((position) => Math.floor(position / at(strides, dimension)) % extent),
      );
      return ir.constant(valueOf("i64", [shape.length, positions.length], coordinates));
    },
  }),
  operator({
    name: "Compress",
    since: [9, 11],
    attributes: strictObject({ axis: optional(int()) }),
    import(context) {
      const conditions = context.numbers(1) ?? context.refuse("input 1, the condition, is missing");
      context.reserve(conditions.length);
      const kept = conditions.flatMap((isKept, index) => (isKept === 0 ? [] : [index]));
      const indices = ir.constant(valueOf("i32", [kept.length], kept));
      const x = context.input(0);
      const { axis: along } = context.attributes;
      return along === undefined
        ? ir.take(x.reshape([-1]), indices)
        : ir.take(x, indices, axisOf(context, along, x.rank));
    },
  }),
  operator({
    name: "ReverseSequence",
    since: [10],
    attributes: strictObject({ batch_axis: withDefault(int(), 1), time_axis: withDefault(int(), 0) }),
    import(context) {
      const x = context.input(0);
      const [batch, time] = [
        axisOf(context, context.attributes.batch_axis, x.rank),
        axisOf(context, context.attributes.time_axis, x.rank),
      ];
      const others = [...x.shape.keys()].filter((index) => index !== batch && index !== time);
      const order = [batch, time, ...others];
      const front = x.transpose(order);
      const rows = front.shape.slice(0, 2);
      const step = ir.iota("i32", rows, 1);
      const length = context.input(1).cast("i32").unsqueeze(1);
      const source = step.less(length).where(length.sub(step).sub(1), step);
      const reversed = ir.gather(front, ir.stack([ir.iota("i32", rows, 0), source], 2));
      return reversed.transpose(order.map((_, index) => order.indexOf(index)));
    },
  }),
  operator({
    name: "ArrayFeatureExtractor",
    domain: "ai.onnx.ml",
    since: [1],
    import(context) {
      const x = context.input(0);
      const rows = x.rank === 1 ? x.unsqueeze(0) : x;
      return ir.take(rows, context.input(1).reshape([-1]), -1);
    },
  }),
];

/** Sizes of the axes that each row of input 1 addresses. */
function addressed(context: OperatorContext, x: Tensor, batch: number): readonly Dim[] {
  const { shape } = context.input(1);
  const depth = shape.at(-1);
  if (typeof depth === "number" && batch + depth <= x.rank) return x.shape.slice(batch, batch + depth);
  return context.refuse(`the last axis of ${context.input(1)} addresses more axes than ${x} has`);
}

/** An input of indices with negative ones counted from the front. @param extents one, or one for each element of a row. */
function fromFront(context: OperatorContext, index: number, extents: readonly Dim[]): Tensor {
  const indices = narrowest(context.input(index));
  const known = context.known(index);
  if (indices.dtype.startsWith("u") || (known && ir.toNumbers(known).every((element) => element >= 0)))
    return indices;
  const sizes = extents.map((extent) => sizeTensor(extent).cast(indices.dtype));
  const [only] = sizes;
  const size = only !== undefined && sizes.length === 1 ? only : ir.stack(sizes);
  return ir.fromEnd(indices, size);
}

/** Indices as they were before a cast that kept them all: ONNX knows only wide ones. */
function narrowest(indices: Tensor): Tensor {
  const [from] = indices.node.inputs;
  const isWidened = isNode(indices.node, "cast") && indices.dtype === "i64" && from?.dtype === "i32";
  return isWidened ? from : indices;
}

/** The number of steps between start and limit; they may be symbols if the step is 1. */
function rangeLength(context: OperatorContext): Dim {
  const isWhole = ir.isInteger(context.input(0).dtype);
  const bound = (index: number): Dim | undefined =>
    isWhole ? context.dims(index)[0] : context.number(index);
  const [start, limit, delta] = [bound(0), bound(1), bound(2)];
  if (start === undefined || limit === undefined || delta === undefined)
    return context.refuse("start, limit and delta must be one number each");
  if (typeof start === "number" && typeof limit === "number" && typeof delta === "number")
    return delta === 0 ? context.refuse("its step is 0") : Math.max(0, Math.ceil((limit - start) / delta));
  if (delta === 1) return ir.subDims(limit, start);
  return context.refuse(
    `steps of ${delta} from ${start} to ${limit} are no whole number`,
    "Bind its symbols.",
  );
}
