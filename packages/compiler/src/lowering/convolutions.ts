import type { Tensor } from "@adjoint/ir";
import type { AttributesOf, ConvAttributes, Node } from "@adjoint/ir/graph";
import { AdjointError, at } from "@adjoint/ir/values";
import { type Access, type Affine, axisOf, fixed, needed, plus, scaled } from "../kernel/affine.ts";
import { type Axes, contraction } from "./contractions.ts";
import { sizesOf } from "./sizes.ts";
import type { Group } from "../fusion/group.ts";
import type { LoweringContext } from "./context.ts";

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
      scaled(position, at(attributes.strides, axis), -at(attributes.padLow, axis)),
      scaled(at(taps, axis), at(attributes.dilations, axis)),
    ),
  );

function operandsOf(node: Node): readonly [Tensor, Tensor] {
  const [a, b] = node.inputs;
  if (a === undefined || b === undefined)
    throw new AdjointError("graph", node.operation.name, "has no operands");
  return [a, b];
}

function guarded(domain: Domain, coordinates: readonly Affine[], limits: readonly number[]): Access {
  const spatial = coordinates
    .slice(2)
    .map((coordinate, axis) => ({ ...coordinate, limit: at(limits, axis) }));
  return { domain: domain.sizes, coordinates, guards: needed(spatial, domain.sizes) };
}

export function lowerConv(
  node: Node<AttributesOf<"conv">>,
  output: Tensor,
  context: LoweringContext,
): readonly Group[] {
  const [x, w] = operandsOf(node);
  const { attributes } = node;
  const [xs, ws, gs] = [sizesOf(x), sizesOf(w), sizesOf(output)];
  const spatial = xs.length - 2;
  const [filters, channels] = [at(ws, 0) / attributes.groups, at(ws, 1)];
  const axes: Axes = {
    batch: [attributes.groups],
    rows: [filters],
    columns: [at(gs, 0), ...gs.slice(2)],
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

export function lowerConvWeight(
  node: Node<AttributesOf<"convWeight">>,
  output: Tensor,
  context: LoweringContext,
): readonly Group[] {
  const [x, g] = operandsOf(node);
  const { attributes } = node;
  const [xs, gs, ws] = [sizesOf(x), sizesOf(g), sizesOf(output)];
  const spatial = xs.length - 2;
  const [filters, channels] = [at(ws, 0) / attributes.groups, at(ws, 1)];
  const axes: Axes = {
    batch: [attributes.groups],
    rows: [filters],
    columns: [channels, ...ws.slice(2)],
    inner: [at(xs, 0), ...gs.slice(2)],
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

/** Strides were taken out before: element i gets tap k of position i + padding − k·dilation, if there is one. */
export function lowerConvTranspose(
  node: Node<AttributesOf<"convTranspose">>,
  output: Tensor,
  context: LoweringContext,
): readonly Group[] {
  const [g, w] = operandsOf(node);
  const { strides, dilations, padLow, padHigh, groups } = node.attributes;
  const attributes = { strides, dilations, padLow, padHigh, groups };
  const [gs, ws, xs] = [sizesOf(g), sizesOf(w), sizesOf(output)];
  const spatial = xs.length - 2;
  const [filters, channels] = [at(ws, 0) / attributes.groups, at(ws, 1)];
  const axes: Axes = {
    batch: [attributes.groups],
    rows: [channels],
    columns: [at(xs, 0), ...xs.slice(2)],
    inner: [filters, ...ws.slice(2)],
  };
  const domain = new Domain(4 + 2 * spatial);
  const zero = fixed(0, domain.rank);
  const [group = zero] = domain.axes(axes.batch);
  const [c = zero] = domain.axes(axes.rows);
  const [n = zero, ...spatialCoordinates] = domain.axes(axes.columns);
  const [o = zero, ...taps] = domain.axes(axes.inner);
  const filter = plus(scaled(group, filters), o);
  const positions = spatialCoordinates.map((coordinate, axis) =>
    plus(
      scaled(coordinate, 1, at(attributes.padLow, axis)),
      scaled(at(taps, axis), -at(attributes.dilations, axis)),
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
    [n, plus(scaled(group, channels), c), ...spatialCoordinates].map((a) => ({
      offset: a.offset,
      strides: a.strides.slice(0, rank),
    })),
    context,
    { variant: "convTranspose", attributes, x: xs, w: ws, g: gs },
  );
}
