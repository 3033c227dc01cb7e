import { at } from "@adjoint/ir/values";
import { int, strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import { before, toInputs } from "./older.ts";
import { type Operator, flag, operator } from "./row.ts";
import { axisOf } from "./shaping.ts";

type IndexOf = (x: Tensor, options: { readonly axis: number; readonly keepDims?: boolean }) => Tensor;

const extreme = (name: string, indexOf: IndexOf): Operator =>
  operator({
    name,
    since: [1, 11, 12, 13],
    attributes: strictObject({
      axis: withDefault(int(), 0),
      keepdims: withDefault(flag, true),
      select_last_index: withDefault(flag, false),
    }),
    import(context) {
      const x = context.input(0);
      const { keepdims: keepDims, select_last_index: isLast } = context.attributes;
      const axis = axisOf(context, context.attributes.axis, x.rank);
      if (!isLast) return indexOf(x, { axis, keepDims }).cast("i64");
      // The last one is the first from behind.
      const lastIndex = ir.iota("i64", [at(x.shape, axis)]).reduceMax();
      return lastIndex.sub(indexOf(x.flip([axis]), { axis, keepDims }).cast("i64"));
    },
  });

const cumulative = (name: string, since: readonly number[], build: typeof ir.cumSum): Operator =>
  operator({
    name,
    since,
    attributes: strictObject({ exclusive: withDefault(flag, false), reverse: withDefault(flag, false) }),
    import(context) {
      const x = context.input(0);
      const axis = context.number(1) ?? context.refuse("input 1, the axis, is missing");
      return build(x, { ...context.attributes, axis: axisOf(context, axis, x.rank) });
    },
  });

/** Indices of extremes, orders, and sums along an order. */
export const ordering: readonly Operator[] = [
  extreme("ArgMax", ir.argMax),
  extreme("ArgMin", ir.argMin),
  cumulative("CumSum", [11, 14], ir.cumSum),
  cumulative("CumProd", [26], ir.cumProd),
  operator({
    name: "TopK",
    since: [1, 10, 11, 24],
    older: [before(10, toInputs(1, "k"))],
    // Without `sorted` any order will do: the sorted one too.
    attributes: strictObject({
      axis: withDefault(int(), -1),
      largest: withDefault(flag, true),
      sorted: withDefault(flag, true),
    }),
    import(context) {
      const { axis, largest } = context.attributes;
      const k = context.number(1) ?? context.refuse("input 1, the count, is missing");
      const { values, indices } = ir.topK(context.input(0), k, { axis, largest });
      return [values, indices.cast("i64")];
    },
  }),
];
