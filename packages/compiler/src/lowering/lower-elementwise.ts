import type { Tensor } from "@adjoint/ir";
import type { Node } from "@adjoint/ir/graph";
import { identity } from "../kernel/affine.ts";
import { type Group, mapGroup } from "../fusion/group.ts";
import { ScalarBuilder } from "../kernel/scalar.ts";
import type { LoweringContext } from "./context.ts";
import { Expression, type Placement } from "./expression.ts";
import { sizesOf } from "./sizes.ts";

/** The expression of a tensor over its own shape; the tensor itself is not looked up in memory. */
export function lowerElementwise(_node: Node, tensor: Tensor, context: LoweringContext): readonly Group[] {
  const shape = sizesOf(tensor);
  const builder = new ScalarBuilder();
  const placement: Placement = {
    bufferOf: (other) => (other === tensor ? undefined : context.bufferOf(other)),
    demand: (other) => context.demand(other),
    isStored: (other) => context.isStored(other),
  };
  const value = new Expression(builder, placement).pull(tensor, identity(shape));
  return [mapGroup(shape, builder, context.target(tensor), value)];
}
