import type { SliceRange, Tensor } from "@adjoint/ir";
import { type Dim, at } from "@adjoint/ir/values";
import { oneOf, strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { before, toInputs } from "./older.ts";
import { type Form, type Operator, operator } from "./row.ts";
import { axisOf } from "./shaping.ts";

/** ONNX writes "to the end" as a number larger than any size. */
const TO_THE_END = 2 ** 31 - 1;

/** Parts of tensors, and tensors with a border. */
export const slicing: readonly Operator[] = [
  operator({
    name: "Slice",
    since: [1, 10, 11, 13],
    elements: "moved",
    older: [before(10, toInputs(1, "starts", "ends", "axes"))],
    import(context) {
      const x = context.input(0);
      const [starts, ends] = [context.dims(1), context.dims(2)];
      const steps = context.numbers(4) ?? starts.map(() => 1);
      const axes = context.numbers(3) ?? starts.map((_, axis) => axis);
      return axes.reduce((part, axis, index) => {
        const along = axisOf(context, axis, x.rank);
        return sliceAxis(part, along, at(starts, index), at(ends, index), at(steps, index));
      }, x);
    },
  }),
  operator({
    name: "Pad",
    since: [1, 2, 11, 13, 18, 19, 21, 23, 24, 25],
    elements: "moved",
    older: [before(2, renamed("paddings", "pads")), before(11, toInputs(1, "pads", "value"))],
    attributes: strictObject({
      mode: withDefault(oneOf(["constant", "reflect", "edge", "wrap"]), "constant"),
    }),
    import(context) {
      const x = context.input(0);
      const pads = context.numbers(1) ?? [];
      const axes = context.numbers(3) ?? x.shape.map((_, axis) => axis);
      const low = x.shape.map(() => 0);
      const high = x.shape.map(() => 0);
      axes.forEach((axis, index) => {
        const along = axisOf(context, axis, x.rank);
        low[along] = at(pads, index);
        high[along] = at(pads, index + axes.length);
      });
      const { mode } = context.attributes;
      if (mode !== "constant") return mirrored(context, x, mode, low, high);
      const value = context.optional(2)?.reshape([]) ?? 0;
      const positive = (count: number): number => Math.max(0, count);
      return ir.pad(crop(x, low, high), { low: low.map(positive), high: high.map(positive), value });
    },
  }),
];

/** One axis of a slice by ONNX's rules: negative steps go backwards, bounds are clamped. */
function sliceAxis(x: Tensor, axis: number, start: Dim, end: Dim, step: number): Tensor {
  const only = (range: SliceRange): Tensor =>
    x.slice(x.shape.map((_, index) => (index === axis ? range : undefined)));
  if (step > 0) {
    const toTheEnd = typeof end === "number" && end >= TO_THE_END;
    return only({ start, ...(!toTheEnd && { end }), step });
  }
  const extent = at(x.shape, axis);
  // Position p is extent − 1 − p of the flipped axis.
  const mirror = (bound: Dim): Dim => {
    const absolute = typeof bound === "number" && bound < 0 ? ir.addDims(extent, bound) : bound;
    const flipped = ir.subDims(ir.subDims(extent, 1), absolute);
    return typeof flipped === "number" ? Math.max(0, flipped) : flipped;
  };
  const flipped = x.flip([axis]);
  const range = { start: mirror(start), end: mirror(end), step: -step };
  return flipped.slice(x.shape.map((_, index) => (index === axis ? range : undefined)));
}

/** Negative pads take elements away. */
const crop = (x: Tensor, low: readonly number[], high: readonly number[]): Tensor =>
  x.slice(
    x.shape.map((extent, axis) => ({
      start: Math.max(0, -at(low, axis)),
      end: ir.addDims(extent, Math.min(0, at(high, axis))),
    })),
  );

/** The element at position p of an axis with a border; p may be negative or past the end. */
const borders: { readonly [mode in "reflect" | "edge" | "wrap"]: (p: number, extent: number) => number } = {
  reflect: (p, extent) => {
    const period = Math.max(1, 2 * (extent - 1));
    const within = ((p % period) + period) % period;
    return Math.min(within, period - within);
  },
  edge: (p, extent) => Math.min(Math.max(p, 0), extent - 1),
  wrap: (p, extent) => ((p % extent) + extent) % extent,
};

/** A border that repeats the tensor's own elements, axis by axis. */
function mirrored(
  context: OperatorContext,
  x: Tensor,
  mode: keyof typeof borders,
  low: readonly number[],
  high: readonly number[],
): Tensor {
  return context.staticShape(x).reduce((result, extent, axis) => {
    const [front, back] = [at(low, axis), at(high, axis)];
    if (front === 0 && back === 0) return result;
    if (extent === 0)
      return context.refuse(`mode "${mode}" has nothing to repeat along axis ${axis} of ${x}`);
    const size = front + extent + back;
    if (!Number.isInteger(size) || size < 0)
      return context.refuse(`pads of ${front} and ${back} leave nothing of axis ${axis} of ${x}`);
    context.reserve(size);
    const indices = Int32Array.from({ length: size }, (_, index) => borders[mode](index - front, extent));
    return result.take(ir.constant(ir.tensorValue("i32", [size], indices)), axis);
  }, x);
}

function renamed(from: string, to: string): (form: Form) => Form {
  return ({ attributes: { [from]: value, ...rest }, inputs }) => ({
    attributes: value === undefined ? rest : { ...rest, [to]: value },
    inputs,
  });
}
