import { at } from "../at.ts";
import { type Dim, divDims, equalDims, mulDims } from "../dim.ts";
import type { Axes } from "../primitive-set.ts";
import type { Shape } from "../shape.ts";

/** Axes of one shape that hold, row-major, what these axes of another hold. Axes of size 1 belong to no group. */
interface AxisGroup {
  readonly from: Axes;
  readonly to: Axes;
}

export const isUnit = (size: Dim): boolean => equalDims(size, 1);

/** The axes that are longer than 1, or may be. */
export const longAxes = (shape: Shape): number[] =>
  shape.flatMap((size, axis) => (isUnit(size) ? [] : [axis]));

export const isAscending = (axes: Axes): boolean =>
  axes.every((axis, index) => index === 0 || (axes[index - 1] ?? -1) < axis);

/** The axes that a reshape splits and merges, in the smallest groups; undefined if sizes don't decide it or there are no elements. */
export function axisGroups(from: Shape, to: Shape): readonly AxisGroup[] | undefined {
  const [sources, targets] = [longAxes(from), longAxes(to)];
  const groups: AxisGroup[] = [];
  let [i, j] = [0, 0];
  while (i < sources.length || j < targets.length) {
    const group = { from: [] as number[], to: [] as number[] };
    let [a, b]: [Dim, Dim] = [1, 1];
    do {
      // The side that is a factor of the other is short of axes.
      const [axis, other] = [sources[i], targets[j]];
      if (axis !== undefined && (group.from.length === 0 || isFactor(a, b))) {
        group.from.push(axis);
        a = mulDims(a, at(from, axis));
        i++;
      } else if (other !== undefined && (group.to.length === 0 || isFactor(b, a))) {
        group.to.push(other);
        b = mulDims(b, at(to, other));
        j++;
      } else return undefined;
    } while (!equalDims(a, b) || group.to.length === 0);
    if (equalDims(a, 0)) return undefined;
    groups.push(group);
  }
  return groups;
}

/** a divides b and is not b; of numbers the smaller is short, whether it divides or not. */
const isFactor = (a: Dim, b: Dim): boolean =>
  typeof a === "number" && typeof b === "number" ? a < b : !equalDims(a, b) && divDims(b, a) !== undefined;
