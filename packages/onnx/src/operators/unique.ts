import type { Tensor } from "@adjoint/ir";
import { evaluateTensors } from "@adjoint/ir/graph";
import { type Scalar, type TensorValue, at, elementReader, valueOf } from "@adjoint/ir/values";
import { int, optional, strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import { type Operator, flag, operator } from "./row.ts";
import { axisOf } from "./shaping.ts";

/** Equal slices, and their indices. */
interface Group {
  readonly slice: readonly Scalar[];
  readonly indices: number[];
}

/** Ascending, NaN last; NaN is one value. */
function compare(a: Scalar, b: Scalar): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareSlices(a: readonly Scalar[], b: readonly Scalar[]): number {
  for (const [index, element] of a.entries()) {
    const order = compare(element, at(b, index));
    if (order !== 0) return order;
  }
  return 0;
}

/** Slices of a value that is [length, …]. */
function slicesOf(value: TensorValue): readonly (readonly Scalar[])[] {
  const read = elementReader(value);
  const [length = 0] = value.shape;
  const size = length === 0 ? 0 : value.data.length / length;
  const slice = (position: number): readonly Scalar[] =>
    Array.from({ length: size }, (_, index) => read(position * size + index));
  return Array.from({ length }, (_, position) => slice(position));
}

/** Equal slices together, in ascending order; their indices ascend too, for sorting is stable. */
function groupsOf(slices: readonly (readonly Scalar[])[]): readonly Group[] {
  const order = [...slices.keys()].toSorted((a, b) => compareSlices(at(slices, a), at(slices, b)));
  const groups: Group[] = [];
  for (const index of order) {
    const [slice, last] = [at(slices, index), groups.at(-1)];
    if (last !== undefined && compareSlices(last.slice, slice) === 0) last.indices.push(index);
    else groups.push({ slice, indices: [index] });
  }
  return groups;
}

const integers = (values: readonly number[]): Tensor => ir.constant(valueOf("i64", [values.length], values));

/** The number of results depends on the data, which must be known before the run. */
export const unique: readonly Operator[] = [
  operator({
    name: "Unique",
    since: [11],
    attributes: strictObject({ axis: optional(int()), sorted: withDefault(flag, true) }),
    import(context) {
      const x = context.input(0);
      const { axis: along, sorted } = context.attributes;
      const axis = along === undefined ? undefined : axisOf(context, along, x.rank);
      const given = context.constant(0);
      // Slices are sorted as lists of numbers.
      context.reserve(8 * given.data.length);
      const groups = groupsOf(slicesOf(leading(given, axis)));
      const first = ({ indices }: Group): number => at(indices, 0);
      const ordered = sorted ? groups : groups.toSorted((a, b) => first(a) - first(b));
      const inverse = Array<number>(ordered.reduce((count, { indices }) => count + indices.length, 0));
      ordered.forEach(({ indices }, group) => indices.forEach((index) => (inverse[index] = group)));
      const firsts = integers(ordered.map(first));
      return [
        axis === undefined ? x.reshape([-1]).take(firsts) : x.take(firsts, axis),
        firsts,
        integers(inverse),
        integers(ordered.map(({ indices }) => indices.length)),
      ];
    },
  }),
];

/** The value with an axis in front, or flat. */
function leading(value: TensorValue, axis: number | undefined): TensorValue {
  if (axis === undefined) return { ...value, shape: [value.data.length] };
  const others = [...value.shape.keys()].filter((other) => other !== axis);
  const x = ir.constant(value);
  const [moved = value] = evaluateTensors([x.transpose([axis, ...others])], new Map([[x, value]]));
  return moved;
}
