import {
  AdjointError,
  type ConvAttributes,
  type Shape,
  type Tensor,
  addDims,
  conv as convOf,
  divDims,
  mulDims,
  subDims,
  window,
  windowSum,
} from "@adjoint/ir";
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

/** How far a kernel reaches along each axis. */
const spans = (kernel: Shape, dilations: readonly number[]): number[] =>
  kernel.map((size, axis) => (Number(size) - 1) * (dilations[axis] ?? 1) + 1);

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
  return all.reshape([batch, groups, divDims(channels, groups) ?? 1, ...all.shape.slice(2)]);
}

const numbers = (shape: Shape): number[] => shape.map(Number);
const range = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start + index);

/** A convolution as a product over channels and places within the window, group by group. */
function asProduct(x: Tensor, w: Tensor, attributes: ConvAttributes): Tensor {
  const kernel = numbers(w.shape.slice(2));
  const [rank, { groups }] = [kernel.length, attributes];
  const windows = windowsOf(x, kernel, attributes);
  const filters = divDims(w.shape[0] ?? 1, groups) ?? 1;
  const weights = w.reshape([groups, filters, ...w.shape.slice(1)]);
  // [G, N, …positions, O/G] → [N, G, O/G, …positions].
  const product = windows.dotGeneral(weights, {
    leftBatch: [1],
    rightBatch: [0],
    leftContract: [2, ...range(3 + rank, rank)],
    rightContract: [2, ...range(3, rank)],
  });
  const ordered = product.transpose([1, 0, 2 + rank, ...range(2, rank)]);
  return ordered.reshape([x.shape[0] ?? 1, w.shape[0] ?? 1, ...ordered.shape.slice(3)]);
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

/** What is spread by every weight, summed where windows overlap; the padding is cut off. */
function transposedProduct(
  g: Tensor,
  w: Tensor,
  attributes: ConvAttributes & { readonly extents: Shape },
): Tensor {
  const { groups, extents, padLow, padHigh, strides, dilations } = attributes;
  const rank = extents.length;
  const [batch = 1, filters = 1] = g.shape;
  const grouped = g.reshape([batch, groups, divDims(filters, groups) ?? 1, ...g.shape.slice(2)]);
  const weights = w.reshape([groups, divDims(filters, groups) ?? 1, ...w.shape.slice(1)]);
  // [G, N, …positions, C/G, …kernel] → [N, G, C/G, …positions, …kernel].
  const product = grouped.dotGeneral(weights, {
    leftBatch: [1],
    rightBatch: [0],
    leftContract: [2],
    rightContract: [1],
  });
  const ordered = product.transpose([1, 0, 2 + rank, ...range(2, rank), ...range(3 + rank, rank)]);
  const channels = mulDims(w.shape[1] ?? 1, groups);
  const padded = extents.map((extent, axis) => addDims(extent, (padLow[axis] ?? 0) + (padHigh[axis] ?? 0)));
  const joined = windowSum(ordered.reshape([batch, channels, ...ordered.shape.slice(3)]), {
    axes: range(2, rank),
    sizes: numbers(w.shape.slice(2)),
    strides,
    dilations,
    extents: [batch, channels, ...padded],
  });
  const inner = extents.map((extent, axis) => ({
    start: padLow[axis] ?? 0,
    end: addDims(extent, padLow[axis] ?? 0),
  }));
  return joined.slice([undefined, undefined, ...inner]);
}

const convTranspose: ExportRow<"convTranspose"> = (node, writer) => {
  const [g, w] = [given(node.inputs[0]), given(node.inputs[1])];
  const { attributes } = node;
  if (!isNative(g)) return writer.through(() => transposedProduct(g, w, attributes));
  const { strides, dilations, padLow, padHigh, extents } = attributes;
  const reach = spans(w.shape.slice(2), dilations);
  // What a stride leaves over at the end of the input.
  const rest = extents.map((extent, axis) => {
    const steps = mulDims(subDims(g.shape[axis + 2] ?? 1, 1), strides[axis] ?? 1);
    const full = addDims(steps, (reach[axis] ?? 1) - (padLow[axis] ?? 0) - (padHigh[axis] ?? 0));
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
 * The gradient by the weight is a convolution itself: examples take the place of channels and channels that of examples,
 * strides and dilations change places, and g is the kernel. What the stride leaves over at the end is cut off.
 */
function weightGradient(
  x: Tensor,
  g: Tensor,
  attributes: ConvAttributes & { readonly extents: readonly number[] },
): Tensor {
  const { groups, extents, strides, dilations, padLow, padHigh } = attributes;
  const [batch = 1, channels = 1, ...spatial] = x.shape;
  const perGroup = divDims(channels, groups) ?? 1;
  const places = spatial.map((_, axis) => axis + 3);
  const swapped = x
    .reshape([batch, groups, perGroup, ...spatial])
    .transpose([2, 1, 0, ...places])
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
  const grouped = g.reshape([batch, groups, divDims(filters, groups) ?? 1, ...positions]);
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
