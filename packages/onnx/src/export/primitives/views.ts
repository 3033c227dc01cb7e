import type { Tensor } from "@adjoint/ir";
import {
  AdjointError,
  type Dim,
  type Shape,
  addDims,
  at,
  equalDims,
  mulDims,
  subDims,
} from "@adjoint/ir/values";
import type { Value } from "../draft.ts";
import { given } from "../operands.ts";
import type { ExportRow, ExportRows } from "../row.ts";
import type { Writer } from "../writer.ts";

/** A shape for Reshape: one symbolic size is what is left, −1, unless there may be nothing to divide. */
function reshapeTo(writer: Writer, value: Value, shape: Shape): Value {
  const open = shape.filter((size) => typeof size !== "number");
  const isEmpty = shape.includes(0);
  const target =
    open.length === 1 && !isEmpty
      ? writer.ints(shape.map((size) => (typeof size === "number" ? size : -1)))
      : writer.shape(shape);
  if (!isEmpty) return writer.one("Reshape", [value, target]);
  if (writer.opset < 14) {
    throw new AdjointError(
      "graph",
      "toOnnx",
      `a reshape to [${shape.join(", ")}], with no elements, has a form from opset 14 on, and ${writer.opset} is written`,
      "Give { opset: 14 }.",
    );
  }
  return writer.one("Reshape", [value, target], { attributes: { allowzero: 1 } });
}

/** The axes of size 1 that a shape has and another lacks; undefined if more differs. */
function addedAxes(shape: Shape, without: Shape): readonly number[] | undefined {
  let matched = 0;
  const added = shape.flatMap((size, axis) => {
    const own = without[matched];
    if (own === undefined || !equalDims(own, size)) return [axis];
    matched++;
    return [];
  });
  return matched === without.length && added.every((axis) => shape[axis] === 1) ? added : undefined;
}

/** New axes need no sizes of the others, which may be symbols. */
const reshape: ExportRow<"reshape"> = ({ inputs: [x], attributes: { shape } }, writer) => {
  const { shape: own } = given(x);
  const value = writer.value(given(x));
  const added = addedAxes(shape, own) ?? [];
  if (added.length > 0) return writer.one("Unsqueeze", [value, writer.ints(added)]);
  const removed = addedAxes(own, shape) ?? [];
  if (removed.length > 0) return writer.one("Squeeze", [value, writer.ints(removed)]);
  return reshapeTo(writer, value, shape);
};

const transpose: ExportRow<"transpose"> = (node, writer) =>
  writer.one("Transpose", writer.inputs(node), { attributes: { perm: node.attributes.permutation } });

/** Expand stretches both ways: 1 keeps the operand's own size, so that few symbols need be computed. */
const broadcast: ExportRow<"broadcast"> = ({ inputs: [x], attributes: { shape } }, writer) => {
  const { shape: own } = given(x);
  const missing = shape.length - own.length;
  const target = shape.map((size, axis): Dim =>
    axis >= missing && equalDims(at(own, axis - missing), size) ? 1 : size,
  );
  return writer.one("Expand", [writer.value(given(x)), writer.shape(target)]);
};

const slice: ExportRow<"slice"> = ({ inputs: [x], attributes: { starts, sizes, steps } }, writer) => {
  const ends = starts.map((start, axis) => {
    const size = at(sizes, axis);
    if (size === 0) return start;
    return addDims(start, addDims(mulDims(subDims(size, 1), at(steps, axis)), 1));
  });
  const axes = sizes.flatMap((size, axis) => {
    const isWhole = equalDims(at(starts, axis), 0) && equalDims(size, at(given(x).shape, axis));
    return isWhole && steps[axis] === 1 ? [] : [axis];
  });
  if (axes.length === 0) return writer.value(given(x));
  const ofAxes = (list: Shape): Shape => axes.map((axis) => at(list, axis));
  const inputs = [ofAxes(starts), ofAxes(ends), axes, ofAxes(steps)].map((list) => writer.shape(list));
  return writer.one("Slice", [writer.value(given(x)), ...inputs]);
};

/** Fillers between neighbours: each element gets an axis of its own, with the fillers behind it. */
function spread(x: Tensor, value: Tensor, interior: readonly number[]): Tensor {
  return interior.reduce((result, gap, axis) => {
    const { shape } = result;
    const size = at(shape, axis);
    if (gap === 0 || equalDims(size, 0)) return result;
    const none = [...shape, 1].map(() => 0);
    const apart = result.unsqueeze(axis + 1).pad({ high: none.with(axis + 1, gap), value });
    const length = mulDims(size, gap + 1);
    const joined = apart.reshape([...shape.slice(0, axis), length, ...shape.slice(axis + 1)]);
    return joined.slice(
      shape.map((_, index) => (index === axis ? { end: subDims(length, gap) } : undefined)),
    );
  }, x);
}

const pad: ExportRow<"pad"> = (node, writer) => {
  const { low, high, interior } = node.attributes;
  const [x, value] = node.inputs.map(given);
  if (interior.some((gap) => gap > 0))
    return writer.through(() =>
      spread(given(x), given(value), interior).pad({ low, high, value: given(value) }),
    );
  const [operand, filler] = writer.inputs(node);
  return writer.one("Pad", [operand, writer.ints([...low, ...high]), filler]);
};

/** Backwards from the last element to before the first. */
const flip: ExportRow<"flip"> = (node, writer) => {
  const { axes } = node.attributes;
  const all = (value: number): Value => writer.ints(axes.map(() => value));
  return writer.one("Slice", [...writer.inputs(node), all(-1), all(-(2 ** 31)), writer.ints(axes), all(-1)]);
};

/** Elements in another order. */
export const viewRows: ExportRows<
  "reshape" | "transpose" | "broadcast" | "slice" | "pad" | "concat" | "flip"
> = {
  reshape,
  transpose,
  broadcast,
  slice,
  pad,
  concat: (node, writer) =>
    writer.one("Concat", writer.inputs(node), { attributes: { axis: node.attributes.axis } }),
  flip,
};
