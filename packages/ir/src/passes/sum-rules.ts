import { apply } from "../tensor.ts";
import { reshape } from "../ops/reshape.ts";
import { transpose } from "../ops/transpose.ts";
import { operand } from "../primitive.ts";
import { type Rule, rule } from "./rewrite.ts";
import { freeAxes } from "../ops/contract.ts";
import { axisGroups } from "./axis-groups.ts";
import { madeBy, under } from "./facts.ts";

const REDUCTIONS = ["reduceSum", "reduceProd", "reduceMax", "reduceMin"] as const;

const sorted = (axes: readonly number[]): number[] => axes.toSorted((a, b) => a - b);

/**
 * Views folded into reductions. The terms stay the same; some rules, which say so, add or multiply floats in another
 * order, which may round otherwise: no backend promises an order.
 */
export const sumRules: readonly Rule[] = [
  // Over several axes that changed places, the order of the terms changes.
  rule("reduction of a transpose", REDUCTIONS, ({ node, attributes: { axes } }, x) => {
    const inner = madeBy(x, "transpose");
    if (inner === undefined) return undefined;
    const { permutation } = inner.attributes;
    const places = sorted(axes.map((axis) => permutation[axis] ?? axis));
    const reduced = apply(node.operation, inner.inputs, { axes: places }).output;
    const left = freeAxes(x.rank, places);
    return transpose(
      reduced,
      freeAxes(x.rank, axes).map((axis) => left.indexOf(permutation[axis] ?? axis)),
    );
  }),
  // One sum instead of a sum of rounded sums.
  rule("reduction of a reduction", REDUCTIONS, ({ node, attributes: { axes }, usedOnce }, x) => {
    if (x.node.operation !== node.operation || !usedOnce(x)) return undefined;
    const inner = madeBy(x, ...REDUCTIONS);
    if (inner === undefined) return undefined;
    const tensor = operand(inner.inputs, 0);
    const before = inner.attributes.axes;
    const left = freeAxes(tensor.rank, before);
    const all = sorted([...before, ...axes.map((axis) => left[axis] ?? axis)]);
    return apply(node.operation, [tensor], { axes: all }).output;
  }),
  rule("reduction of a reshape", REDUCTIONS, ({ node, attributes: { axes }, output }, x) => {
    const tensor = under(x, "reshape");
    const groups = tensor && axisGroups(tensor.shape, x.shape);
    if (tensor === undefined || groups === undefined) return undefined;
    const places: number[] = [];
    for (const { from, to } of groups) {
      const reduced = to.filter((axis) => axes.includes(axis)).length;
      if (reduced === 0) continue;
      if (reduced < to.length) return undefined;
      places.push(...from);
    }
    if (places.length === 0) return undefined;
    return reshape(apply(node.operation, [tensor], { axes: places }).output, output.shape);
  }),
];
