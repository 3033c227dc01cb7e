import type { AttributesOf, NameOf, Node, PrimitiveName, Shape, Tensor, TensorValue } from "@adjoint/ir";

/** Values of a written node's attributes; whole numbers become INT, others FLOAT, unless wrapped by `asFloat`. */
export type WrittenAttribute = number | string | readonly number[] | { readonly float: number };

/** What a written node has beside its operator and inputs. */
interface WrittenNode {
  readonly attributes?: { readonly [name: string]: WrittenAttribute };
  /** How many outputs; one by default. */
  readonly outputs?: number;
  /** ONNX's own by default. */
  readonly domain?: string;
}

/** What rows write nodes with. */
interface NodeWriter {
  /** The operator set that is written. */
  readonly opset: number;
  /** The name of a tensor that was written before: every input of the node at hand. */
  name(tensor: Tensor): string;
  /** Writes a node after all others; gives the names of its outputs. */
  write(operator: string, inputs: readonly string[], node?: WrittenNode): readonly string[];
  /** The name of an initializer with this value; equal values share one. */
  constant(value: TensorValue): string;
  /** The name of an i64 vector with these sizes: an initializer, or computed from inputs where symbols are in them. */
  shape(shape: Shape): string;
}

/** Writes a node of one primitive; gives a name for each of its outputs. */
export type ExportRow<N extends PrimitiveName> = (
  node: Node<AttributesOf<N>>,
  writer: NodeWriter,
) => readonly string[];

/** A part of the table of primitives. */
export type ExportRows<N extends PrimitiveName> = { readonly [K in N]: ExportRow<K> };

/** Writes a composite as one operator; undefined where that operator is newer than the operator set, or can't say it. */
export type CompositeExport = (node: Node, writer: NodeWriter) => readonly string[] | undefined;

/** Composites by name that have an ONNX twin. */
export type CompositeExports = { readonly [composite: string]: CompositeExport };

/** A float attribute, also where its value is a whole number. */
export const asFloat = (value: number): WrittenAttribute => ({ float: value });

/** A primitive whose operands are those of one operator without attributes. */
export const direct =
  <N extends NameOf<"map">>(operator: string): ExportRow<N> =>
  ({ inputs }, writer) =>
    writer.write(operator, inputs.map(writer.name));

/** A composite whose operands are those of one operator that exists since an operator set. */
export const twin =
  <A>(
    operator: string,
    since: number,
    attributes?: (attributes: A) => { readonly [name: string]: WrittenAttribute },
  ): CompositeExport =>
  ({ inputs, attributes: own }, writer) =>
    writer.opset < since
      ? undefined
      : writer.write(operator, inputs.map(writer.name), {
          // The table's key names the composite, which decides the type of its attributes.
          ...(attributes && { attributes: attributes(own as A) }),
        });
