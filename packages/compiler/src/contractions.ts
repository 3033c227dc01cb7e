import {
  AdjointError,
  type AttributesOf,
  type ConvAttributes,
  type Node,
  type Tensor,
  freeAxes,
  isNode,
} from "@adjoint/ir";
import { type Access, type Affine, axisOf, fixed, needed, plus, scaled } from "./affine.ts";
import { sizesOf } from "./decompose.ts";
import { viewOf } from "./expression.ts";
import type { Group, OpenGroup } from "./group.ts";
import type { ContractOperand, ConvolutionGeometry } from "./kernel.ts";
import type { LoweringContext } from "./lowering-context.ts";
import { ScalarBuilder } from "./scalar.ts";

interface Axes {
  readonly batch: readonly number[];
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly inner: readonly number[];
}

/** One side of a product: the tensor, and its coordinates over batch ++ rows ++ columns ++ inner. */
interface Side {
  readonly tensor: Tensor;
  readonly access: Access;
}

function contraction(
  axes: Axes,
  sides: readonly [Side, Side],
  output: Tensor,
  coordinates: readonly Affine[],
  context: LoweringContext,
  convolution?: ConvolutionGeometry,
): readonly Group[] {
  const operands = sides.map(({ tensor, access }): ContractOperand | undefined => {
    const view = viewOf(tensor, access, context);
    return (
      view && {
        buffer: view.buffer,
        dtype: tensor.dtype,
        index: { ...view.index, guards: view.access.guards },
      }
    );
  });
  const [left, right] = operands;
  const buffer = context.target(output);
  // A side that is not in memory yet was demanded; this round is only for finding out.
  if (left === undefined || right === undefined) return [];
  const builder = new ScalarBuilder();
  const value = builder.add({ kind: "accumulator", dtype: output.dtype, index: 0 });
  const group: OpenGroup = {
    open: true,
    anchor: {
      form: "contract",
      ...axes,
      dtype: output.dtype,
      left,
      right,
      ...(convolution && { convolution }),
    },
    domain: [...axes.batch, ...axes.rows, ...axes.columns],
    shape: sizesOf(output),
    coordinates,
    builder,
    results: new Map([[buffer, { value, dtype: output.dtype }]]),
  };
  return [group];
}

const range = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start + index);

export function lowerDot(
  node: Node<AttributesOf<"dotGeneral">>,
  output: Tensor,
  context: LoweringContext,
): readonly Group[] {
  const [a, b] = node.inputs;
  if (a === undefined || b === undefined) throw new AdjointError("graph", "dotGeneral", "has no operands");
  const { leftBatch, rightBatch, leftContract, rightContract } = node.attributes;
  const [leftFree, rightFree] = [
    freeAxes(a.rank, leftBatch, leftContract),
    freeAxes(b.rank, rightBatch, rightContract),
  ];
  const pick = (tensor: Tensor, list: readonly number[]): number[] =>
    list.map((axis) => sizesOf(tensor)[axis] ?? 1);
  const axes: Axes = {
    batch: pick(a, leftBatch),
    rows: pick(a, leftFree),
    columns: pick(b, rightFree),
    inner: pick(a, leftContract),
  };
  const domain = [...axes.batch, ...axes.rows, ...axes.columns, ...axes.inner];
  const rowsAt = leftBatch.length;
  const columnsAt = rowsAt + leftFree.length;
  const innerAt = columnsAt + rightFree.length;
  const side = (
    tensor: Tensor,
    batch: readonly number[],
    free: readonly number[],
    freeAt: number,
    contract: readonly number[],
  ): Side => {
    const order = [...batch, ...free, ...contract];
    const places = [
      ...range(0, batch.length),
      ...range(freeAt, free.length),
      ...range(innerAt, contract.length),
    ];
    const coordinates = tensor.shape.map((_, axis) =>
      axisOf(places[order.indexOf(axis)] ?? 0, domain.length),
    );
    return { tensor, access: { domain, coordinates, guards: [] } };
  };
  const results = range(0, innerAt).map((axis) => axisOf(axis, innerAt));
  return contraction(
    axes,
    [
      side(a, leftBatch, leftFree, rowsAt, leftContract),
      side(b, rightBatch, rightFree, columnsAt, rightContract),
    ],
    output,
    results,
    context,
  );
}

/** Axes of a convolution's domain by name, to write coordinates down as they are in the formula. */
class Domain {
  readonly sizes: number[] = [];
  readonly rank: number;

  constructor(rank: number) {
    this.rank = rank;
  }

  /** Appends axes and gives their coordinates. */
  axes(sizes: readonly number[]): readonly Affine[] {
    const first = this.sizes.length;
    this.sizes.push(...sizes);
    return sizes.map((_, index) => axisOf(first + index, this.rank));
  }
}

/** position·stride + tap·dilation − padding along each spatial axis. */
const tapped = (
  positions: readonly Affine[],
  taps: readonly Affine[],
  attributes: ConvAttributes,
): Affine[] =>
  positions.map((position, axis) =>
    plus(
      scaled(position, attributes.strides[axis] ?? 1, -(attributes.padLow[axis] ?? 0)),
      scaled(taps[axis] ?? fixed(0, position.strides.length), attributes.dilations[axis] ?? 1),
    ),
  );

/** The three primitives of convolution as contractions that read their operands through windows, zero in the padding. */
export function lowerConvolution(node: Node, output: Tensor, context: LoweringContext): readonly Group[] {
  const [a, b] = node.inputs;
  if (a === undefined || b === undefined) throw new AdjointError("graph", "conv", "has no operands");
  if (isNode(node, "conv")) return forward(a, b, output, node.attributes, context);
  if (isNode(node, "convWeight")) return byWeight(a, b, output, node.attributes, context);
  if (isNode(node, "convTranspose")) return byInput(a, b, output, node.attributes, context);
  throw new AdjointError("graph", node.operation.name, "has no lowering");
}

function guarded(domain: Domain, coordinates: readonly Affine[], limits: readonly number[]): Access {
  const spatial = coordinates
    .slice(2)
    .map((coordinate, axis) => ({ ...coordinate, limit: limits[axis] ?? 0 }));
  return { domain: domain.sizes, coordinates, guards: needed(spatial, domain.sizes) };
}

function forward(
  x: Tensor,
  w: Tensor,
  output: Tensor,
  attributes: ConvAttributes,
  context: LoweringContext,
): readonly Group[] {
  const [xs, ws, gs] = [sizesOf(x), sizesOf(w), sizesOf(output)];
  const spatial = xs.length - 2;
  const [filters, channels] = [(ws[0] ?? 0) / attributes.groups, ws[1] ?? 0];
  const axes: Axes = {
    batch: [attributes.groups],
    rows: [filters],
    columns: [gs[0] ?? 1, ...gs.slice(2)],
    inner: [channels, ...ws.slice(2)],
  };
  const domain = new Domain(4 + 2 * spatial);
  const zero = fixed(0, domain.rank);
  const [group = zero] = domain.axes(axes.batch);
  const [o = zero] = domain.axes(axes.rows);
  const [n = zero, ...positions] = domain.axes(axes.columns);
  const [c = zero, ...taps] = domain.axes(axes.inner);
  const filter = plus(scaled(group, filters), o);
  const input = guarded(
    domain,
    [n, plus(scaled(group, channels), c), ...tapped(positions, taps, attributes)],
    xs.slice(2),
  );
  const weight: Access = { domain: domain.sizes, coordinates: [filter, c, ...taps], guards: [] };
  const rank = 3 + spatial;
  return contraction(
    axes,
    [
      { tensor: w, access: weight },
      { tensor: x, access: input },
    ],
    output,
    [n, filter, ...positions].map((a) => ({ offset: a.offset, strides: a.strides.slice(0, rank) })),
    context,
    { variant: "conv", attributes, x: xs, w: ws, g: gs },
  );
}

function byWeight(
  x: Tensor,
  g: Tensor,
  output: Tensor,
  attributes: ConvAttributes,
  context: LoweringContext,
): readonly Group[] {
  const [xs, gs, ws] = [sizesOf(x), sizesOf(g), sizesOf(output)];
  const spatial = xs.length - 2;
  const [filters, channels] = [(ws[0] ?? 0) / attributes.groups, ws[1] ?? 0];
  const axes: Axes = {
    batch: [attributes.groups],
    rows: [filters],
    columns: [channels, ...ws.slice(2)],
    inner: [xs[0] ?? 1, ...gs.slice(2)],
  };
  const domain = new Domain(4 + 2 * spatial);
  const zero = fixed(0, domain.rank);
  const [group = zero] = domain.axes(axes.batch);
  const [o = zero] = domain.axes(axes.rows);
  const [c = zero, ...taps] = domain.axes(axes.columns);
  const [n = zero, ...positions] = domain.axes(axes.inner);
  const filter = plus(scaled(group, filters), o);
  const input = guarded(
    domain,
    [n, plus(scaled(group, channels), c), ...tapped(positions, taps, attributes)],
    xs.slice(2),
  );
  const gradient: Access = { domain: domain.sizes, coordinates: [n, filter, ...positions], guards: [] };
  const rank = 3 + spatial;
  return contraction(
    axes,
    [
      { tensor: g, access: gradient },
      { tensor: x, access: input },
    ],
    output,
    [filter, c, ...taps].map((a) => ({ offset: a.offset, strides: a.strides.slice(0, rank) })),
    context,
    { variant: "convWeight", attributes, x: xs, w: ws, g: gs },
  );
}

/** Strides were taken out before: element i gets tap k of position i + padding − k·dilation, where there is one. */
function byInput(
  g: Tensor,
  w: Tensor,
  output: Tensor,
  { extents: _, ...attributes }: AttributesOf<"convTranspose">,
  context: LoweringContext,
): readonly Group[] {
  const [gs, ws, xs] = [sizesOf(g), sizesOf(w), sizesOf(output)];
  const spatial = xs.length - 2;
  const [filters, channels] = [(ws[0] ?? 0) / attributes.groups, ws[1] ?? 0];
  const axes: Axes = {
    batch: [attributes.groups],
    rows: [channels],
    columns: [xs[0] ?? 1, ...xs.slice(2)],
    inner: [filters, ...ws.slice(2)],
  };
  const domain = new Domain(4 + 2 * spatial);
  const zero = fixed(0, domain.rank);
  const [group = zero] = domain.axes(axes.batch);
  const [c = zero] = domain.axes(axes.rows);
  const [n = zero, ...places] = domain.axes(axes.columns);
  const [o = zero, ...taps] = domain.axes(axes.inner);
  const filter = plus(scaled(group, filters), o);
  const positions = places.map((place, axis) =>
    plus(
      scaled(place, 1, attributes.padLow[axis] ?? 0),
      scaled(taps[axis] ?? zero, -(attributes.dilations[axis] ?? 1)),
    ),
  );
  const gradient = guarded(domain, [n, filter, ...positions], gs.slice(2));
  const weight: Access = { domain: domain.sizes, coordinates: [filter, c, ...taps], guards: [] };
  const rank = 3 + spatial;
  return contraction(
    axes,
    [
      { tensor: w, access: weight },
      { tensor: g, access: gradient },
    ],
    output,
    [n, plus(scaled(group, channels), c), ...places].map((a) => ({
      offset: a.offset,
      strides: a.strides.slice(0, rank),
    })),
    context,
    { variant: "convTranspose", attributes, x: xs, w: ws, g: gs },
  );
}
