import { at } from "../at.ts";
import { iota, filled } from "../ops/source.ts";
import { type Rule, rule } from "./rewrite.ts";
import { axisGroups, isUnit } from "./axis-groups.ts";
import { madeBy } from "./facts.ts";

/** Views of a count along an axis are again a count along an axis, which needs no memory. Exact to the bit. */
export const iotaRules: readonly Rule[] = [
  rule("iota of one step → 0", "iota", ({ attributes: { dtype, shape, axis } }) =>
    isUnit(at(shape, axis)) ? filled(0, dtype, shape) : undefined,
  ),
  rule("reshape of an iota", "reshape", ({ output }, x) => {
    const count = madeBy(x, "iota")?.attributes;
    if (count === undefined) return undefined;
    const group = axisGroups(x.shape, output.shape)?.find(({ from }) => from.includes(count.axis));
    const [axis, ...others] = group?.to ?? [];
    return axis === undefined || others.length > 0 || group?.from.length !== 1
      ? undefined
      : iota(x.dtype, output.shape, axis);
  }),
  rule("transpose of an iota", "transpose", ({ attributes: { permutation }, output }, x) => {
    const count = madeBy(x, "iota")?.attributes;
    return count && iota(x.dtype, output.shape, permutation.indexOf(count.axis));
  }),
  rule("broadcast of an iota", "broadcast", ({ output }, x) => {
    const count = madeBy(x, "iota")?.attributes;
    return count && !isUnit(at(count.shape, count.axis))
      ? iota(x.dtype, output.shape, count.axis + output.rank - x.rank)
      : undefined;
  }),
];
