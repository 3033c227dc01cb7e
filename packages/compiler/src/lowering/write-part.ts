import type { Tensor } from "@adjoint/ir";
import { fixed, identity, plus, position } from "../kernel/affine.ts";
import { sizesOf } from "./sizes.ts";
import { Expression } from "./expression.ts";
import type { MapKernel } from "../kernel/kernel.ts";
import type { LoweringContext } from "./context.ts";
import { type BufferId, ScalarBuilder } from "../kernel/scalar.ts";

/** A kernel that writes an expression into a part of a buffer. */
export function writePart(
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
