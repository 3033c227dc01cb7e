import { type Dim, type Shape, type Tensor, addDims, mulDims, subDims } from "@adjoint/ir";
import { difference } from "../sizes.ts";
import { given } from "../operands.ts";
import { type ExportRow, type ExportRows, composed } from "../row.ts";
import type { WindowAttributes } from "@adjoint/ir";

/** One windowed axis. */
interface Windowed {
  readonly axis: number;
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
}

const windowed = ({ axes, sizes, strides, dilations }: WindowAttributes): readonly Windowed[] =>
  axes.map((axis, index) => ({
    axis,
    size: sizes[index] ?? 1,
    stride: strides[index] ?? 1,
    dilation: dilations[index] ?? 1,
  }));

/** Axis after axis: for each place within the window a strided slice, and all of them along a new last axis. */
const window: ExportRow<"window"> = ({ inputs: [x], attributes, output }, writer) => {
  const { shape } = output;
  return windowed(attributes).reduce(
    ({ value, sizes }, { axis, size, stride, dilation }) => {
      const count = shape[axis] ?? 1;
      const places = Array.from({ length: size }, (_, place) => {
        const start = place * dilation;
        const end = addDims(mulDims(subDims(count, 1), stride), start + 1);
        const ranges = [[start], [end], [axis], [stride]].map((list) => writer.shape(list));
        return writer.one("Unsqueeze", [writer.one("Slice", [value, ...ranges]), writer.ints([sizes])]);
      });
      return { value: writer.one("Concat", places, { attributes: { axis: sizes } }), sizes: sizes + 1 };
    },
    { value: writer.value(given(x)), sizes: given(x).rank },
  ).value;
};

/** The transpose of one windowed axis, the last of g: each place within the window is spread over the axis, and all are added. */
function summed(g: Tensor, { axis, size, stride, dilation }: Windowed, extent: Dim): Tensor {
  const last = g.rank - 1;
  const around = (count: number): number[] => g.shape.slice(0, -1).map((_, at) => (at === axis ? count : 0));
  const count = g.shape[axis] ?? 1;
  const spread = addDims(mulDims(subDims(count, 1), stride), 1);
  return Array.from({ length: size }, (_, place) => {
    const part = g
      .slice(g.shape.map((_size, at) => (at === last ? { start: place, end: place + 1 } : undefined)))
      .squeeze(last);
    const low = place * dilation;
    const high = difference(extent, addDims(spread, low)) ?? 0;
    return part.pad({ low: around(low), high: around(high), interior: around(stride - 1) });
  }).reduce((sum, part) => sum.add(part));
}

/** Undoes `window` from the last axis on. */
function windowSum(g: Tensor, attributes: WindowAttributes & { readonly extents: Shape }): Tensor {
  return windowed(attributes).reduceRight(
    (rest, each) => summed(rest, each, attributes.extents[each.axis] ?? 1),
    g,
  );
}

/** Windows and their sums. */
export const windowRows: ExportRows<"window" | "windowSum"> = {
  window,
  windowSum: composed(({ attributes }, g) => windowSum(given(g), attributes)),
};
