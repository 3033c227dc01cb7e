import { type Dim, at } from "@adjoint/ir/values";
import { int, optional, strictObject, unknown, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { Absent, Sequence, type Value, asTensor, valueText } from "../import/value.ts";
import { type Operator, flag, operator, subGraph } from "./row.ts";
import { axisOf, splitAlong } from "./shaping.ts";

/** An input that must be a sequence. */
function sequence(context: OperatorContext, index: number): readonly Value[] {
  const value = context.value(index);
  if (!(value instanceof Sequence))
    return context.refuse(`input ${index} must be a sequence and is ${valueText(value)}`);
  // Most operators make another list of the items.
  context.reserve(value.items.length);
  return value.items;
}

/** The index into a sequence that an input gives; `otherwise` if there is no such input. */
function indexIn(context: OperatorContext, index: number, count: number, otherwise: number): number {
  const given = context.number(index) ?? otherwise;
  const found = given < 0 ? given + count : given;
  return found >= 0 && found <= otherwise
    ? found
    : context.refuse(`index ${given} of a sequence of ${count}`);
}

/** Sizes of equal parts, the last one what is left. */
function partSizes(context: OperatorContext, extent: Dim, size: number): readonly Dim[] {
  if (typeof extent !== "number")
    return context.refuse(`splits ${extent}, which must be known`, "Bind its symbols.");
  if (!(size >= 1)) return context.refuse(`splits into parts of ${size}`);
  context.reserve(Math.ceil(extent / size), "nodes");
  return Array.from({ length: Math.ceil(extent / size) }, (_, index) =>
    Math.min(size, extent - index * size),
  );
}

/** Sequences of known length, and values that may be absent: both are gone once a model is imported. */
export const sequences: readonly Operator[] = [
  operator({
    name: "SequenceEmpty",
    since: [11],
    attributes: strictObject({ dtype: optional(int()) }),
    import: () => new Sequence([]),
  }),
  operator({
    name: "SequenceConstruct",
    since: [11],
    import: (context) => new Sequence(context.values()),
  }),
  operator({
    name: "SequenceInsert",
    since: [11],
    import(context) {
      const items = sequence(context, 0);
      const index = indexIn(context, 2, items.length, items.length);
      return new Sequence(items.toSpliced(index, 0, context.value(1)));
    },
  }),
  operator({
    name: "SequenceErase",
    since: [11],
    import(context) {
      const items = sequence(context, 0);
      return new Sequence(items.toSpliced(indexIn(context, 1, items.length, items.length - 1), 1));
    },
  }),
  operator({
    name: "SequenceAt",
    since: [11],
    import(context) {
      const items = sequence(context, 0);
      const item = items[indexIn(context, 1, items.length, items.length - 1)];
      return item ?? context.refuse("takes from an empty sequence");
    },
  }),
  operator({
    name: "SequenceLength",
    since: [11],
    import: (context) => ir.constant(BigInt(sequence(context, 0).length), "i64"),
  }),
  operator({
    name: "SplitToSequence",
    since: [11, 24],
    attributes: strictObject({ axis: withDefault(int(), 0), keepdims: withDefault(flag, true) }),
    import(context) {
      const x = context.input(0);
      const axis = axisOf(context, context.attributes.axis, x.rank);
      const split = context.optional(1);
      const extent = at(x.shape, axis);
      if (split !== undefined && split.rank > 0) return new Sequence(splitAlong(x, axis, context.dims(1)));
      const items = splitAlong(x, axis, partSizes(context, extent, context.number(1) ?? 1));
      // Only slices of one element lose their axis.
      const isKept = split !== undefined || context.attributes.keepdims;
      return new Sequence(isKept ? items : items.map((item) => item.squeeze(axis)));
    },
  }),
  operator({
    name: "ConcatFromSequence",
    since: [11],
    attributes: strictObject({ axis: int(), new_axis: withDefault(flag, false) }),
    import(context) {
      const items = sequence(context, 0).map((item) => asTensor(item, "ConcatFromSequence"));
      const { axis, new_axis: isNew } = context.attributes;
      return (isNew ? ir.stack : ir.concat)(items, axis);
    },
  }),
  operator({
    name: "SequenceMap",
    since: [17],
    attributes: strictObject({ body: subGraph }),
    import(context) {
      const { body } = context.attributes;
      const given = context.values();
      const results = sequence(context, 0).map((_, index) =>
        body.buildValues(
          given.map((value) =>
            value instanceof Sequence
              ? (value.items[index] ?? context.refuse("has sequences of different lengths"))
              : value,
          ),
        ),
      );
      return body.outputs.map((_, output) => new Sequence(results.flatMap((values) => values[output] ?? [])));
    },
  }),
  operator({
    name: "Optional",
    since: [15],
    // The type concerns absent values, which are of any.
    attributes: strictObject({ type: optional(unknown()) }),
    import: (context) => context.optionalValue(0) ?? new Absent(),
  }),
  operator({
    name: "OptionalHasElement",
    since: [15, 18],
    import(context) {
      const value = context.optionalValue(0) ?? new Absent();
      return ir.constant(!(value instanceof Absent), "bool");
    },
  }),
  operator({
    name: "OptionalGetElement",
    since: [15, 18],
    import(context) {
      const value = context.value(0);
      return value instanceof Absent ? context.refuse("its input holds nothing") : value;
    },
  }),
];
