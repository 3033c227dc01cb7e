import type { Tensor } from "@adjoint/ir";
import type { AttributesOf, Node } from "@adjoint/ir/graph";
import { AdjointError, at, rowMajorStrides } from "@adjoint/ir/values";
import { type Access, axisOf, identity, plus, position, scaled } from "../kernel/affine.ts";
import { sizesOf } from "./sizes.ts";
import { Expression } from "./expression.ts";
import type { Group } from "../fusion/group.ts";
import type { MapKernel } from "../kernel/kernel.ts";
import { lowerElementwise } from "./lower-elementwise.ts";
import { reduceGroup } from "./lower-reduce.ts";
import type { LoweringContext } from "./context.ts";
import { ScalarBuilder } from "../kernel/scalar.ts";
import { isView } from "./views.ts";
import { writePart } from "./write-part.ts";

/** Windows at stride 1: element i sums tap k of window i − k·dilation, if there is one. */
export function lowerWindowSum(
  node: Node<AttributesOf<"windowSum">>,
  output: Tensor,
  context: LoweringContext,
): readonly Group[] {
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
    return index < 0 ? own : plus(own, scaled(axisOf(outer.length + index, rank), -at(dilations, index)));
  });
  const access: Access = {
    domain,
    coordinates: [...starts, ...sizes.map((_, index) => axisOf(outer.length + index, rank))],
    guards: axes.map((axis) => ({ ...at(starts, axis), limit: at(counts, axis) })),
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
  return [reduceGroup("reduceSum", { outer, inner: sizes }, body, value, output, context.target(output))];
}

/** A padding between elements is two kernels: fillers everywhere, then the elements at their distance. */
export function lowerPad(
  node: Node<AttributesOf<"pad">>,
  output: Tensor,
  context: LoweringContext,
): readonly Group[] {
  if (isView(node)) return lowerElementwise(node, output, context);
  const [x, filler] = node.inputs;
  if (x === undefined || filler === undefined) throw new AdjointError("graph", "pad", "has no operands");
  const shape = sizesOf(output);
  const buffer = context.target(output);
  if (shape.includes(0)) return [{ open: false, kernels: [] }];
  const builder = new ScalarBuilder();
  const value = new Expression(builder, context).pull(filler, { domain: shape, coordinates: [], guards: [] });
  const own = rowMajorStrides(shape);
  const index = position(identity(shape).coordinates, own, shape.length);
  const { low, interior } = node.attributes;
  const strides = own.map((stride, axis) => stride * (at(interior, axis) + 1));
  const offset = own.reduce((sum, stride, axis) => sum + stride * at(low, axis), 0);
  const fill: MapKernel = {
    form: "map",
    domain: shape,
    body: builder.nodes,
    stores: [{ buffer, index, value }],
  };
  return [{ open: false, kernels: [fill, ...writePart(x, buffer, strides, offset, context)] }];
}

/** One kernel a part. */
export function lowerConcat(
  node: Node<AttributesOf<"concat">>,
  output: Tensor,
  context: LoweringContext,
): readonly Group[] {
  const strides = rowMajorStrides(sizesOf(output));
  const { axis } = node.attributes;
  const buffer = context.target(output);
  let start = 0;
  const kernels = node.inputs.flatMap((part) => {
    const written = writePart(part, buffer, strides, start * at(strides, axis), context);
    start += at(sizesOf(part), axis);
    return written;
  });
  return [{ open: false, kernels }];
}
