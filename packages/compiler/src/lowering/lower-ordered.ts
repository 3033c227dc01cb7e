import type { Tensor } from "@adjoint/ir";
import type { AttributesOf, NameOf, Node } from "@adjoint/ir/graph";
import { AdjointError, at, rowMajorStrides } from "@adjoint/ir/values";
import { fixed, identity, position } from "../kernel/affine.ts";
import { sizesOf } from "./sizes.ts";
import { Expression, viewOf } from "./expression.ts";
import type { Group } from "../fusion/group.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { splitAxes } from "./lower-reduce.ts";
import type { LoweringContext } from "./context.ts";
import { ScalarBuilder } from "../kernel/scalar.ts";
import { writePart } from "./write-part.ts";

export function lowerCumulative(
  node: Node<AttributesOf<NameOf<"cumulative">>>,
  output: Tensor,
  context: LoweringContext,
): readonly Group[] {
  const [x] = node.inputs;
  if (x === undefined) throw new AdjointError("graph", node.operation.name, "has no operand");
  const { axis, exclusive, reverse } = node.attributes;
  const { outer, inner, access } = splitAxes(x, [axis]);
  const body = new ScalarBuilder();
  const value = new Expression(body, context).pull(x, access);
  const kernel: Kernel = {
    form: "cumulative",
    // A node of kind cumulative has a cumulative name.
    operation: node.operation.name as NameOf<"cumulative">,
    outer,
    size: at(inner, 0),
    exclusive,
    reverse,
    dtype: output.dtype,
    body: body.nodes,
    value,
    buffer: context.target(output),
    index: position(access.coordinates, rowMajorStrides(sizesOf(output)), access.domain.length),
  };
  return [{ open: false, kernels: [kernel] }];
}

export function lowerScatter(
  node: Node<AttributesOf<"scatter">>,
  output: Tensor,
  context: LoweringContext,
): readonly Group[] {
  const [data, indices, updates] = node.inputs;
  if (data === undefined || indices === undefined || updates === undefined)
    throw new AdjointError("graph", "scatter", "has no operands");
  const shape = sizesOf(output);
  const buffer = context.target(output);
  if (shape.includes(0) && sizesOf(updates).includes(0)) return [{ open: false, kernels: [] }];
  const strides = rowMajorStrides(shape);
  const domain = sizesOf(updates);
  const body = new ScalarBuilder();
  const expression = new Expression(body, context);
  const access = identity(domain);
  const outer = indices.rank - 1;
  const depth = at(sizesOf(indices), outer);
  const value = expression.pull(updates, access);
  const dynamic = Array.from({ length: depth }, (_, axis) => ({
    value: expression.pull(indices, {
      ...access,
      coordinates: [...access.coordinates.slice(0, outer), fixed(axis, domain.length)],
    }),
    stride: at(strides, axis),
    size: at(shape, axis),
    operation: "scatter",
  }));
  const index = position(access.coordinates.slice(outer), strides.slice(depth), domain.length);
  const start = writePart(data, buffer, strides, 0, context);
  if (domain.includes(0)) return [{ open: false, kernels: start }];
  const kernel: Kernel = {
    form: "scatter",
    domain,
    reduction: node.attributes.reduction,
    dtype: output.dtype,
    body: body.nodes,
    value,
    buffer,
    index,
    dynamic,
  };
  return [{ open: false, kernels: [...start, kernel] }];
}

export function lowerOrder(
  node: Node<AttributesOf<NameOf<"order">>>,
  _output: Tensor,
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
    size: at(inner, 0),
    count: at(resultAxes.inner, 0),
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
