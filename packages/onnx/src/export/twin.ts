import type { Tensor } from "@adjoint/ir";
import type { Node } from "@adjoint/ir/graph";
import type { AttributeDraft, Value } from "./draft.ts";
import { hasKernel } from "./kernels.ts";
import { given } from "./operands.ts";
import type { Writer } from "./writer.ts";

/** A composite as one operator. */
export interface Twin<A = unknown> {
  /** Whether the operator is part of the operator set and can express this node. */
  fits(node: Node<A>, opset: number): boolean;
  write(node: Node<A>, writer: Writer): Value | readonly Value[];
}

type Attributes<A> = (attributes: A, x: Tensor) => { readonly [name: string]: AttributeDraft };

interface Options<A> {
  readonly attributes?: Attributes<A>;
  /** Further conditions. */
  readonly fits?: (node: Node<A>, opset: number) => boolean;
}

/** A composite whose operands are those of one operator, since an operator set, in the types that it has a kernel for. */
export function twin<A = Record<never, never>>(
  operator: string,
  since: number,
  options: Options<A> = {},
): Twin {
  const { attributes, fits } = options;
  const row: Twin<A> = {
    fits: (node, opset) =>
      opset >= since && hasKernel(operator, given(node.inputs[0]).dtype) && (fits?.(node, opset) ?? true),
    write: (node, writer) =>
      writer.one(operator, writer.inputs(node), {
        ...(attributes && { attributes: attributes(node.attributes, given(node.inputs[0])) }),
      }),
  };
  return untyped(row);
}

/** A row for the table, whose key names the composite and so decides the type of its attributes. */
export const untyped = <A>(row: Twin<A>): Twin => row as Twin;
