import { type DType, rowMajorStrides } from "@adjoint/ir/values";
import { identity, position } from "../kernel/affine.ts";
import type { MapKernel } from "../kernel/kernel.ts";
import { type BufferId, ScalarBuilder, type ValueId } from "../kernel/scalar.ts";

/** The expression of an element of a buffer, in the buffer's own order. */
export function elementOf(
  buffer: BufferId,
  dtype: DType,
  shape: readonly number[],
): { readonly builder: ScalarBuilder; readonly value: ValueId } {
  const builder = new ScalarBuilder();
  const index = position(identity(shape).coordinates, rowMajorStrides(shape), shape.length);
  const value = builder.add({ kind: "load", dtype, buffer, index: { ...index, guards: [] }, dynamic: [] });
  return { builder, value };
}

/** A kernel that copies a whole buffer. */
export function copyKernel(from: BufferId, to: BufferId, dtype: DType, elements: number): MapKernel {
  const domain = [elements];
  const { builder, value } = elementOf(from, dtype, domain);
  const index = position(identity(domain).coordinates, [1], 1);
  return { form: "map", domain, body: builder.nodes, stores: [{ buffer: to, index, value }] };
}
