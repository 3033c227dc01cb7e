import {
  AdjointError,
  type AttributesOf,
  type NameOf,
  type Node,
  type Tensor,
  isNode,
  rowMajorStrides,
} from "@adjoint/ir";
import { type Access, axisOf, fixed, identity, plus, position, scaled } from "./affine.ts";
import { lowerConvolution, lowerDot } from "./contractions.ts";
import { lowerControl } from "./control.ts";
import { sizesOf } from "./decompose.ts";
import { Expression, type Placement, viewOf } from "./expression.ts";
import { type Group, type OpenGroup, mapGroup } from "./group.ts";
import type { Kernel, MapKernel, ReduceOperation } from "./kernel.ts";
import type { LoweringContext } from "./lowering-context.ts";
import { type BufferId, ScalarBuilder, type ValueId } from "./scalar.ts";
import { isView } from "./views.ts";

/** The groups of a node: kernels that compute those of its outputs that are wanted in memory. */
export function lowerNode(node: Node, wanted: readonly Tensor[], context: LoweringContext): readonly Group[] {
  const [output] = wanted;
  if (output === undefined) return [];
  const { operation } = node;
  if (isNode(node, "concat")) return [{ open: false, kernels: lowerConcat(node, output, context) }];
  if (isNode(node, "pad") && !isView(node))
    return [{ open: false, kernels: lowerSpreadPad(node, output, context) }];
  if (isNode(node, "windowSum")) return [lowerWindowSum(node, output, context)];
  if (isNode(node, "scatter")) return [{ open: false, kernels: lowerScatter(node, output, context) }];
  if (isNode(node, "dotGeneral")) return lowerDot(node, output, context);
  if (isNode(node, "sort") || isNode(node, "topK")) return lowerOrder(node, context);
  switch (operation.kind) {
    case "reduce":
      return [lowerReduce(node, output, context)];
    case "cumulative":
      return [{ open: false, kernels: [lowerCumulative(node, output, context)] }];
    case "contract":
      return lowerConvolution(node, output, context);
    case "control":
      return lowerControl(node, context);
    default:
      return [lowerElementwise(output, context)];
  }
}

/** The expression of a tensor over its own shape; the tensor itself is not looked up in memory. */
function lowerElementwise(tensor: Tensor, context: LoweringContext): OpenGroup {
  const shape = sizesOf(tensor);
  const builder = new ScalarBuilder();
  const placement: Placement = {
    bufferOf: (other) => (other === tensor ? undefined : context.bufferOf(other)),
    demand: (other) => context.demand(other),
    isStored: (other) => context.isStored(other),
  };
  const value = new Expression(builder, placement).pull(tensor, identity(shape));
  return mapGroup(shape, builder, context.target(tensor), value);
}

/** outer ++ inner axes of a reduction, as an access of its operand. */
function splitAxes(
  tensor: Tensor,
  inner: readonly number[],
): { readonly outer: number[]; readonly inner: number[]; readonly access: Access } {
  const shape = sizesOf(tensor);
  const outerAxes = [...shape.keys()].filter((axis) => !inner.includes(axis));
  const order = [...outerAxes, ...inner];
  return {
    outer: outerAxes.map((axis) => shape[axis] ?? 1),
    inner: inner.map((axis) => shape[axis] ?? 1),
    access: {
      domain: order.map((axis) => shape[axis] ?? 1),
      coordinates: shape.map((_, axis) => axisOf(order.indexOf(axis), shape.length)),
      guards: [],
    },
  };
}

function reduceGroup(
  operation: ReduceOperation,
  axes: { readonly outer: readonly number[]; readonly inner: readonly number[] },
  body: ScalarBuilder,
  value: ValueId,
  output: Tensor,
  buffer: BufferId,
): OpenGroup {
  const shape = sizesOf(output);
  const builder = new ScalarBuilder();
  const result = builder.add({ kind: "accumulator", dtype: output.dtype, index: 0 });
  const reductions = [{ operation, value, dtype: body.dtype(value) }];
  const { coordinates } = identity(axes.outer);
  return {
    open: true,
    anchor: { form: "reduce", outer: axes.outer, inner: axes.inner, body: body.nodes, reductions },
    domain: axes.outer,
    shape: axes.outer,
    coordinates: shape.length === axes.outer.length ? coordinates : identity(axes.outer).coordinates,
    builder,
    results: new Map([[buffer, { value: result, dtype: output.dtype }]]),
  };
}

function lowerReduce(node: Node, output: Tensor, context: LoweringContext): OpenGroup {
  const [x] = node.inputs;
  if (x === undefined) throw new AdjointError("graph", node.operation.name, "has no operand");
  // Every reduction has either axes or one axis.
  const attributes = node.attributes as AttributesOf<"reduceSum"> | AttributesOf<"argMax">;
  const axes = splitAxes(x, "axes" in attributes ? attributes.axes : [attributes.axis]);
  const body = new ScalarBuilder();
  const value = new Expression(body, context).pull(x, axes.access);
  // A node of kind reduce has a reduction's name.
  return reduceGroup(
    node.operation.name as NameOf<"reduce">,
    axes,
    body,
    value,
    output,
    context.target(output),
  );
}

/** Windows at stride 1: element i sums tap k of window i − k·dilation, where there is one. */
function lowerWindowSum(
  node: Node<AttributesOf<"windowSum">>,
  output: Tensor,
  context: LoweringContext,
): OpenGroup {
  const [g] = node.inputs;
  if (g === undefined) throw new AdjointError("graph", "windowSum", "has no operand");
  const { axes, sizes, dilations } = node.attributes;
  const outer = sizesOf(output);
  const domain = [...outer, ...sizes];
  const rank = domain.length;
  const counts = sizesOf(g);
  const starts = outer.map((_, axis) => {
    const index = axes.indexOf(axis);
    const own = axisOf(axis, rank);
    return index < 0 ? own : plus(own, scaled(axisOf(outer.length + index, rank), -(dilations[index] ?? 1)));
  });
  const access: Access = {
    domain,
    coordinates: [...starts, ...sizes.map((_, index) => axisOf(outer.length + index, rank))],
    guards: axes.map((axis) => ({ ...(starts[axis] ?? fixed(0, rank)), limit: counts[axis] ?? 0 })),
  };
  const body = new ScalarBuilder();
  const pulled = new Expression(body, context).pull(g, access);
  const inside = body.add({ kind: "inside", dtype: "bool", guards: access.guards });
  const zero = body.add({ kind: "constant", dtype: g.dtype, value: 0 });
  // Computed values don't vanish outside by themselves as loads do.
  const value = body.add({
    kind: "map",
    operation: "where",
    dtype: g.dtype,
    from: g.dtype,
    operands: [inside, pulled, zero],
  });
  return reduceGroup("reduceSum", { outer, inner: sizes }, body, value, output, context.target(output));
}

function lowerCumulative(node: Node, output: Tensor, context: LoweringContext): Kernel {
  const [x] = node.inputs;
  if (x === undefined) throw new AdjointError("graph", node.operation.name, "has no operand");
  // Both cumulative primitives have the same attributes.
  const { axis, exclusive, reverse } = node.attributes as AttributesOf<"cumSum">;
  const { outer, inner, access } = splitAxes(x, [axis]);
  const body = new ScalarBuilder();
  const value = new Expression(body, context).pull(x, access);
  return {
    form: "cumulative",
    // A node of kind cumulative has a cumulative name.
    operation: node.operation.name as NameOf<"cumulative">,
    outer,
    size: inner[0] ?? 1,
    exclusive,
    reverse,
    dtype: output.dtype,
    body: body.nodes,
    value,
    buffer: context.target(output),
    index: position(access.coordinates, rowMajorStrides(sizesOf(output)), access.domain.length),
  };
}

/** A kernel that writes an expression into a part of a buffer. */
function writePart(
  tensor: Tensor,
  buffer: BufferId,
  strides: readonly number[],
  offset: number,
  context: LoweringContext,
): MapKernel[] {
  const domain = sizesOf(tensor);
  if (domain.includes(0)) return [];
  const builder = new ScalarBuilder();
  const access = identity(domain);
  const value = new Expression(builder, context).pull(tensor, access);
  const index = plus(position(access.coordinates, strides, domain.length), fixed(offset, domain.length));
  return [{ form: "map", domain, body: builder.nodes, stores: [{ buffer, index, value }] }];
}

function lowerConcat(
  node: Node<AttributesOf<"concat">>,
  output: Tensor,
  context: LoweringContext,
): readonly Kernel[] {
  const strides = rowMajorStrides(sizesOf(output));
  const { axis } = node.attributes;
  const buffer = context.target(output);
  let start = 0;
  return node.inputs.flatMap((part) => {
    const kernels = writePart(part, buffer, strides, start * (strides[axis] ?? 1), context);
    start += sizesOf(part)[axis] ?? 0;
    return kernels;
  });
}

/** Fillers everywhere, then the elements at their distance. */
function lowerSpreadPad(
  node: Node<AttributesOf<"pad">>,
  output: Tensor,
  context: LoweringContext,
): readonly Kernel[] {
  const [x, filler] = node.inputs;
  if (x === undefined || filler === undefined) throw new AdjointError("graph", "pad", "has no operands");
  const shape = sizesOf(output);
  const buffer = context.target(output);
  if (shape.includes(0)) return [];
  const builder = new ScalarBuilder();
  const value = new Expression(builder, context).pull(filler, { domain: shape, coordinates: [], guards: [] });
  const own = rowMajorStrides(shape);
  const index = position(identity(shape).coordinates, own, shape.length);
  const { low, interior } = node.attributes;
  const strides = own.map((stride, axis) => stride * ((interior[axis] ?? 0) + 1));
  const offset = own.reduce((sum, stride, axis) => sum + stride * (low[axis] ?? 0), 0);
  const fill: MapKernel = {
    form: "map",
    domain: shape,
    body: builder.nodes,
    stores: [{ buffer, index, value }],
  };
  return [fill, ...writePart(x, buffer, strides, offset, context)];
}

function lowerScatter(
  node: Node<AttributesOf<"scatter">>,
  output: Tensor,
  context: LoweringContext,
): readonly Kernel[] {
  const [data, indices, updates] = node.inputs;
  if (data === undefined || indices === undefined || updates === undefined)
    throw new AdjointError("graph", "scatter", "has no operands");
  const shape = sizesOf(output);
  const buffer = context.target(output);
  if (shape.includes(0) && sizesOf(updates).includes(0)) return [];
  const strides = rowMajorStrides(shape);
  const domain = sizesOf(updates);
  const body = new ScalarBuilder();
  const expression = new Expression(body, context);
  const access = identity(domain);
  const outer = indices.rank - 1;
  const depth = sizesOf(indices)[outer] ?? 0;
  const value = expression.pull(updates, access);
  const dynamic = Array.from({ length: depth }, (_, axis) => ({
    value: expression.pull(indices, {
      ...access,
      coordinates: [...access.coordinates.slice(0, outer), fixed(axis, domain.length)],
    }),
    stride: strides[axis] ?? 1,
    size: shape[axis] ?? 0,
    operation: "scatter",
  }));
  const index = position(access.coordinates.slice(outer), strides.slice(depth), domain.length);
  const start = writePart(data, buffer, strides, 0, context);
  if (domain.includes(0)) return start;
  return [
    ...start,
    {
      form: "scatter",
      domain,
      reduction: node.attributes.reduction,
      dtype: output.dtype,
      body: body.nodes,
      value,
      buffer,
      index,
      dynamic,
    },
  ];
}

function lowerOrder(
  node: Node<AttributesOf<"sort">> | Node<AttributesOf<"topK">>,
  context: LoweringContext,
): readonly Group[] {
  const [x] = node.inputs;
  const [values, indices] = node.outputs;
  if (x === undefined || values === undefined || indices === undefined)
    throw new AdjointError("graph", "sort", "has no operand");
  const { attributes } = node;
  const [valuesBuffer, indicesBuffer] = [context.target(values), context.target(indices)];
  const { outer, inner, access } = splitAxes(x, [attributes.axis]);
  const view = viewOf(x, access, context);
  if (view === undefined) return [];
  if (view.access.guards.length > 0) {
    context.demand(x);
    return [];
  }
  const resultAxes = splitAxes(values, [attributes.axis]);
  const kernel: Kernel = {
    form: "sort",
    outer,
    size: inner[0] ?? 1,
    count: resultAxes.inner[0] ?? 0,
    descending: "descending" in attributes ? attributes.descending : attributes.largest,
    dtype: x.dtype,
    source: view.buffer,
    index: view.index,
    values: position(
      resultAxes.access.coordinates,
      rowMajorStrides(sizesOf(values)),
      resultAxes.access.domain.length,
    ),
    valuesBuffer,
    indicesBuffer,
  };
  return [{ open: false, kernels: resultAxes.access.domain.includes(0) ? [] : [kernel] }];
}
