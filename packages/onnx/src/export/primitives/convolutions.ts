import { type Tensor, conv as convOf, window, windowSum } from "@adjoint/ir";
import type { ConvAttributes } from "@adjoint/ir/graph";
import {
  AdjointError,
  type Dim,
  type Shape,
  addDims,
  at,
  divDims,
  mulDims,
  subDims,
} from "@adjoint/ir/values";
import type { AttributeDraft } from "../draft.ts";
import { kernelType } from "../kernels.ts";
import { given } from "../operands.ts";
import type { ExportRow, ExportRows } from "../row.ts";
import { difference } from "../sizes.ts";

/** ONNX's convolutions take floats, and ONNX Runtime's of 32 bits (or less, by a cast) alone. */
const isNative = ({ dtype }: Tensor): boolean => dtype === "f16" || kernelType("Conv", dtype) === "f32";

const attributesOf = ({
  strides,
  dilations,
  padLow,
  padHigh,
  groups,
}: ConvAttributes): { [name: string]: AttributeDraft } => ({
  strides,
  dilations,
  pads: [...padLow, ...padHigh],
  group: groups,
});

/** The span of a kernel along each axis. */
const spans = (kernel: Shape, dilations: readonly number[]): number[] =>
  kernel.map((size, axis) => (Number(size) - 1) * at(dilations, axis) + 1);

/** The channels of one group. The node itself was checked. */
function ofGroup(channels: Dim, groups: number): Dim {
  const each = divDims(channels, groups);
  if (each !== undefined) return each;
  throw new AdjointError("shape", "toOnnx", `${channels} channels are not ${groups} equal groups`);
}

/** The windows of x [N, C, …] in groups: [N, G, C/G, …positions, …kernel]. */
function windowsOf(x: Tensor, kernel: readonly number[], attributes: ConvAttributes): Tensor {
  const { strides, dilations, padLow, padHigh, groups } = attributes;
  const axes = kernel.map((_, index) => index + 2);
  const [batch = 1, channels = 1] = x.shape;
  const all = window(x.pad({ low: [0, 0, ...padLow], high: [0, 0, ...padHigh] }), {
    axes,
    sizes: kernel,
    strides,
    dilations,
  });
  return all.reshape([batch, groups, ofGroup(channels, groups), ...all.shape.slice(2)]);
}

const numbers = (shape: Shape): number[] => shape.map(Number);
const range = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start + index);

/** A convolution as a product over channels and offsets within the window, group by group. */
function asProduct(x: Tensor, w: Tensor, attributes: ConvAttributes): Tensor {
  const kernel = numbers(w.shape.slice(2));
  const [rank, { groups }] = [kernel.length, attributes];
  const windows = windowsOf(x, kernel, attributes);
  const filters = ofGroup(at(w.shape, 0), groups);
  const weights = w.reshape([groups, filters, ...w.shape.slice(1)]);
  // [G, N, …positions, O/G] → [N, G, O/G, …positions].
  const product = windows.dotGeneral(weights, {
    leftBatch: [1],
    rightBatch: [0],
    leftContract: [2, ...range(3 + rank, rank)],
    rightContract: [2, ...range(3, rank)],
  });
  const ordered = product.transpose([1, 0, 2 + rank, ...range(2, rank)]);
  return ordered.reshape([at(x.shape, 0), at(w.shape, 0), ...ordered.shape.slice(3)]);
}

const conv: ExportRow<"conv"> = (node, writer) => {
  const [x, w] = node.inputs.map(given);
  if (!isNative(given(x))) return writer.through(() => asProduct(given(x), given(w), node.attributes));
  const kernel = given(w).shape.slice(2);
  const isKnown = kernel.every((size) => typeof size === "number");
  return writer.one("Conv", writer.inputs(node), {
    attributes: { ...(isKnown && { kernel_shape: numbers(kernel) }), ...attributesOf(node.attributes) },
  });
};

/** The elements spread by every weight, with overlapping windows summed; the padding is cut off. */
function transposedProduct(
  g: Tensor,
  w: Tensor,
  attributes: ConvAttributes & { readonly extents: Shape },
): Tensor {
  const { groups, extents, padLow, padHigh, strides, dilations } = attributes;
  const rank = extents.length;
  const [batch = 1, filters = 1] = g.shape;
  const grouped = g.reshape([batch, groups, ofGroup(filters, groups), ...g.shape.slice(2)]);
  const weights = w.reshape([groups, ofGroup(filters, groups), ...w.shape.slice(1)]);
  // [G, N, …positions, C/G, …kernel] → [N, G, C/G, …positions, …kernel].
  const product = grouped.dotGeneral(weights, {
    leftBatch: [1],
    rightBatch: [0],
    leftContract: [2],
    rightContract: [1],
  });
  const ordered = product.transpose([1, 0, 2 + rank, ...range(2, rank), ...range(3 + rank, rank)]);
  const channels = mulDims(at(w.shape, 1), groups);
  const padded = extents.map((extent, axis) => addDims(extent, at(padLow, axis) + at(padHigh, axis)));
  const joined = windowSum(ordered.reshape([batch, channels, ...ordered.shape.slice(3)]), {
    axes: range(2, rank),
    sizes: numbers(w.shape.slice(2)),
    strides,
    dilations,
    extents: [batch, channels, ...padded],
  });
  const inner = extents.map((extent, axis) => ({
    start: at(padLow, axis),
    end: addDims(extent, at(padLow, axis)),
  }));
  return joined.slice([undefined, undefined, ...inner]);
}

const convTranspose: ExportRow<"convTranspose"> = (node, writer) => {
  const [g, w] = [given(node.inputs[0]), given(node.inputs[1])];
  const { attributes } = node;
  if (!isNative(g)) return writer.through(() => transposedProduct(g, w, attributes));
  const { strides, dilations, padLow, padHigh, extents } = attributes;
  const reach = spans(w.shape.slice(2), dilations);
  // The elements that a stride leaves over at the end of the input.
  const rest = extents.map((extent, axis) => {
    const steps = mulDims(subDims(at(g.shape, axis + 2), 1), at(strides, axis));
    const full = addDims(steps, at(reach, axis) - at(padLow, axis) - at(padHigh, axis));
    const over = difference(extent, full);
    if (over !== undefined) return over;
    throw new AdjointError(
      "shape",
      "toOnnx",
      `the padding of ${node.output} depends on a symbol`,
      `Bind ${extent}.`,
    );
  });
  return writer.one("ConvTranspose", writer.inputs(node), {
    attributes: {
      kernel_shape: numbers(w.shape.slice(2)),
      ...attributesOf(attributes),
      output_padding: rest,
    },
  });
};

/**
 * The gradient by the weight is a convolution itself: examples and channels are exchanged, strides and dilations too,
 * and g is the kernel. Elements that the stride leaves over at the end are cut off.
 */
function weightGradient(
  x: Tensor,
  g: Tensor,
  attributes: ConvAttributes & { readonly extents: readonly number[] },
): Tensor {
  const { groups, extents, strides, dilations, padLow, padHigh } = attributes;
  const [batch = 1, channels = 1, ...spatial] = x.shape;
  const perGroup = ofGroup(channels, groups);
  const axes = spatial.map((_, axis) => axis + 3);
  const swapped = x
    .reshape([batch, groups, perGroup, ...spatial])
    .transpose([2, 1, 0, ...axes])
    .reshape([perGroup, mulDims(batch, groups), ...spatial]);
  const kernel = g.transpose([1, 0, ...spatial.map((_, axis) => axis + 2)]);
  const full = convOf(swapped, kernel, { strides: dilations, dilations: strides, padLow, padHigh, groups });
  const cut = full.slice([undefined, undefined, ...extents.map((end) => ({ end }))]);
  return cut.transpose([1, 0, ...spatial.map((_, axis) => axis + 2)]);
}

/** The same as a product of the input's windows with g over examples and positions. */
function weightProduct(
  x: Tensor,
  g: Tensor,
  attributes: ConvAttributes & { readonly extents: readonly number[] },
): Tensor {
  const { groups, extents } = attributes;
  const rank = extents.length;
  const [batch = 1, filters = 1, ...positions] = g.shape;
  const windows = windowsOf(x, extents, attributes);
  const grouped = g.reshape([batch, groups, ofGroup(filters, groups), ...positions]);
  // [G, O/G, C/G, …kernel].
  const product = grouped.dotGeneral(windows, {
    leftBatch: [1],
    rightBatch: [1],
    leftContract: [0, ...range(3, rank)],
    rightContract: [0, ...range(3, rank)],
  });
  return product.reshape([filters, ...product.shape.slice(2)]);
}

const convWeight: ExportRow<"convWeight"> = (node, writer) => {
  const [x, g] = [given(node.inputs[0]), given(node.inputs[1])];
  const isKnown = g.shape.slice(2).every((size) => typeof size === "number");
  const build = isNative(x) && isKnown ? weightGradient : weightProduct;
  return writer.through(() => build(x, g, node.attributes));
};

/** Convolution and its gradients. */
export const convRows: ExportRows<"conv" | "convTranspose" | "convWeight"> = {
  conv,
  convTranspose,
  convWeight,
};
