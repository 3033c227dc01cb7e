import type { Tensor } from "@adjoint/ir";
import type { AttributesOf, NameOf, Node, PrimitiveName } from "@adjoint/ir/graph";
import type { Value } from "./draft.ts";
import { operands } from "./operands.ts";
import type { Writer } from "./writer.ts";

/** Writes a node of one primitive; gives what stands for its outputs. */
export type ExportRow<N extends PrimitiveName> = (
  node: Node<AttributesOf<N>>,
  writer: Writer,
) => Value | readonly Value[];

/** A part of the table of primitives. */
export type ExportRows<N extends PrimitiveName> = { readonly [K in N]: ExportRow<K> };

/** A primitive whose operands are those of one operator without attributes. */
export const direct =
  <N extends NameOf<"map">>(operator: string): ExportRow<N> =>
  (node, writer) =>
    writer.one(operator, operands(node, writer));

/** A primitive that is composed of other primitives. */
export const composed =
  <N extends PrimitiveName>(
    build: (node: Node<AttributesOf<N>>, ...inputs: readonly Tensor[]) => Tensor,
  ): ExportRow<N> =>
  (node, writer) =>
    writer.through(() => build(node, ...node.inputs));
