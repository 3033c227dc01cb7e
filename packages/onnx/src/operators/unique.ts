import { int, optional, strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { Scalar, Tensor, TensorValue } from "@adjoint/ir";
import { type Operator, flag, operator } from "./row.ts";
import { axisOf } from "./shaping.ts";

/** Equal slices, by the places where they stand. */
interface Group {
  readonly slice: readonly Scalar[];
  readonly places: number[];
}

/** Ascending, NaN last; NaN is one value. */
function compare(a: Scalar, b: Scalar): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareSlices(a: readonly Scalar[], b: readonly Scalar[]): number {
  for (const [index, element] of a.entries()) {
    const order = compare(element, b[index] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

/** Slices of a value that is [length, …]. */
function slicesOf(value: TensorValue): readonly (readonly Scalar[])[] {
  const read = ir.elementReader(value);
  const [length = 0] = value.shape;
  const size = length === 0 ? 0 : value.data.length / length;
  const slice = (place: number): readonly Scalar[] =>
    Array.from({ length: size }, (_, index) => read(place * size + index));
  return Array.from({ length }, (_, place) => slice(place));
}

/** Equal slices together, in ascending order; their places ascend too, for sorting is stable. */
function groupsOf(slices: readonly (readonly Scalar[])[]): readonly Group[] {
  const order = [...slices.keys()].toSorted((a, b) => compareSlices(slices[a] ?? [], slices[b] ?? []));
  const groups: Group[] = [];
  for (const place of order) {
    const [slice = [], last] = [slices[place], groups.at(-1)];
    if (last !== undefined && compareSlices(last.slice, slice) === 0) last.places.push(place);
    else groups.push({ slice, places: [place] });
  }
  return groups;
}

const integers = (values: readonly number[]): Tensor =>
  ir.constant(ir.valueOf("i64", [values.length], values));

/** How many results there are depends on the data, which must be known before the run. */
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
      const first = ({ places }: Group): number => places[0] ?? 0;
      const ordered = sorted ? groups : groups.toSorted((a, b) => first(a) - first(b));
      const inverse = Array<number>(ordered.reduce((count, { places }) => count + places.length, 0));
      ordered.forEach(({ places }, index) => places.forEach((place) => (inverse[place] = index)));
      const firsts = integers(ordered.map(first));
      return [
        axis === undefined ? x.reshape([-1]).take(firsts) : x.take(firsts, axis),
        firsts,
        integers(inverse),
        integers(ordered.map(({ places }) => places.length)),
      ];
    },
  }),
];

/** The value with an axis in front, or flat. */
function leading(value: TensorValue, axis: number | undefined): TensorValue {
  if (axis === undefined) return { ...value, shape: [value.data.length] };
  const others = [...value.shape.keys()].filter((at) => at !== axis);
  const x = ir.constant(value);
  const [moved = value] = ir.evaluateTensors([x.transpose([axis, ...others])], new Map([[x, value]]));
  return moved;
}
