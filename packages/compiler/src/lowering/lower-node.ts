import { type AttributesOf, type Node, type Tensor, isNode, rowMajorStrides } from "@adjoint/ir";
import { identity } from "../kernel/affine.ts";
import { lowerDot } from "./contractions.ts";
import { lowerControl } from "./control.ts";
import { lowerConvolution } from "./convolutions.ts";
import { sizesOf } from "./sizes.ts";
import { Expression, type Placement } from "./expression.ts";
import { type Group, type OpenGroup, mapGroup } from "../fusion/group.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { lowerReduce } from "./lower-reduce.ts";
import type { LoweringContext } from "./context.ts";
import { lowerCumulative, lowerOrder, lowerScatter } from "./lower-ordered.ts";
import { lowerSpreadPad, lowerWindowSum } from "./lower-views.ts";
import { ScalarBuilder } from "../kernel/scalar.ts";
import { isView } from "./views.ts";
import { writePart } from "./write-part.ts";

/** The groups of a node: kernels that compute those of its outputs that are wanted in memory. */
export function lowerNode(node: Node, wanted: readonly Tensor[], context: LoweringContext): readonly Group[] {
  const [output] = wanted;
  if (output === undefined) return [];
  const { operation } = node;
  if (isNode(node, "concat")) return [{ open: false, kernels: lowerConcat(node, output, context) }];
  if (isNode(node, "pad") && !isView(node)) return [lowerSpreadPad(node, output, context)];
  if (isNode(node, "windowSum")) return [lowerWindowSum(node, output, context)];
  if (isNode(node, "scatter")) return [lowerScatter(node, output, context)];
  if (isNode(node, "dotGeneral")) return lowerDot(node, output, context);
  if (isNode(node, "sort") || isNode(node, "topK")) return lowerOrder(node, context);
  switch (operation.kind) {
    case "reduce":
      return [lowerReduce(node, output, context)];
    case "cumulative":
      return [lowerCumulative(node, output, context)];
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
