import { type AttributesOf, type Node, type Tensor, isNode, rowMajorStrides } from "@adjoint/ir";
import { identity } from "./affine.ts";
import { lowerDot } from "./contractions.ts";
import { sizesOf } from "./decompose.ts";
import { Expression, type Placement } from "./expression.ts";
import { type Group, type OpenGroup, mapGroup } from "./group.ts";
import type { Kernel } from "./kernel.ts";
import { lowerReduce } from "./lower-reduce.ts";
import type { LoweringContext } from "./lowering-context.ts";
import { loweringOf } from "./lowerings.ts";
import { ScalarBuilder } from "./scalar.ts";
import { isView } from "./views.ts";
import { writePart } from "./write-part.ts";

/** The groups of a node: kernels that compute those of its outputs that are wanted in memory. */
export function lowerNode(node: Node, wanted: readonly Tensor[], context: LoweringContext): readonly Group[] {
  const [output] = wanted;
  if (output === undefined) return [];
  const { operation } = node;
  const { lowerings } = context;
  if (isNode(node, "concat")) return [{ open: false, kernels: lowerConcat(node, output, context) }];
  if (isNode(node, "pad") && !isView(node))
    return [loweringOf(lowerings, "windows").lowerSpreadPad(node, output, context)];
  if (isNode(node, "windowSum"))
    return [loweringOf(lowerings, "windows").lowerWindowSum(node, output, context)];
  if (isNode(node, "scatter")) return [loweringOf(lowerings, "ordered").lowerScatter(node, output, context)];
  if (isNode(node, "dotGeneral")) return lowerDot(node, output, context);
  if (isNode(node, "sort") || isNode(node, "topK"))
    return loweringOf(lowerings, "ordered").lowerOrder(node, context);
  switch (operation.kind) {
    case "reduce":
      return [lowerReduce(node, output, context)];
    case "cumulative":
      return [loweringOf(lowerings, "ordered").lowerCumulative(node, output, context)];
    case "contract":
      return loweringOf(lowerings, "windows").lowerConvolution(node, output, context);
    case "control":
      return loweringOf(lowerings, "ordered").lowerControl(node, context);
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
