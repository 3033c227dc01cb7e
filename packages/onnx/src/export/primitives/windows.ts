import type { Tensor } from "@adjoint/ir";
import type { WindowAttributes } from "@adjoint/ir/graph";
import { AdjointError, type Dim, type Shape, addDims, at, mulDims, subDims } from "@adjoint/ir/values";
import { difference } from "../sizes.ts";
import { given } from "../operands.ts";
import { type ExportRow, type ExportRows, composed } from "../row.ts";

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
    size: at(sizes, index),
    stride: at(strides, index),
    dilation: at(dilations, index),
  }));

/** Axis after axis: for each offset within the window a strided slice, and all of them along a new last axis. */
const window: ExportRow<"window"> = ({ inputs: [x], attributes, output }, writer) => {
  const { shape } = output;
  return windowed(attributes).reduce(
    ({ value, sizes }, { axis, size, stride, dilation }) => {
      const count = at(shape, axis);
      const parts = Array.from({ length: size }, (_, offset) => {
        const start = offset * dilation;
        const end = addDims(mulDims(subDims(count, 1), stride), start + 1);
        const ranges = [[start], [end], [axis], [stride]].map((list) => writer.shape(list));
        return writer.one("Unsqueeze", [writer.one("Slice", [value, ...ranges]), writer.ints([sizes])]);
      });
      return { value: writer.one("Concat", parts, { attributes: { axis: sizes } }), sizes: sizes + 1 };
    },
    { value: writer.value(given(x)), sizes: given(x).rank },
  ).value;
};

/** The transpose of one windowed axis, the last of g: the elements of each offset are spread over the axis, and all are added. */
function summed(g: Tensor, { axis, size, stride, dilation }: Windowed, extent: Dim): Tensor {
  const last = g.rank - 1;
  const around = (count: number): number[] =>
    g.shape.slice(0, -1).map((_, index) => (index === axis ? count : 0));
  const count = at(g.shape, axis);
  const spread = addDims(mulDims(subDims(count, 1), stride), 1);
  return Array.from({ length: size }, (_, offset) => {
    const part = g
      .slice(g.shape.map((_size, index) => (index === last ? { start: offset, end: offset + 1 } : undefined)))
      .squeeze(last);
    const low = offset * dilation;
    const high = difference(extent, addDims(spread, low));
    if (high === undefined)
      throw new AdjointError(
        "shape",
        "toOnnx",
        `the sum of windows of ${g} depends on a symbol`,
        `Bind ${extent}.`,
      );
    return part.pad({ low: around(low), high: around(high), interior: around(stride - 1) });
  }).reduce((sum, part) => sum.add(part));
}

/** Undoes `window` from the last axis on. */
function windowSum(g: Tensor, attributes: WindowAttributes & { readonly extents: Shape }): Tensor {
  return windowed(attributes).reduceRight(
    (rest, each) => summed(rest, each, at(attributes.extents, each.axis)),
    g,
  );
}

/** Windows and their sums. */
export const windowRows: ExportRows<"window" | "windowSum"> = {
  window,
  windowSum: composed(({ attributes }, g) => windowSum(given(g), attributes)),
};
