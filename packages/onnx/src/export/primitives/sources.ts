import { type Tensor, iota } from "@adjoint/ir";
import type { AttributesOf } from "@adjoint/ir/graph";
import { AdjointError, at } from "@adjoint/ir/values";
import { counted } from "../counted.ts";
import type { ExportRow, ExportRows } from "../row.ts";
import { threefry } from "../threefry.ts";

/** Indices along one axis, stretched over the others: elementwise operators stretch their operands themselves. */
export function stretchedIota({ dtype, shape, axis }: AttributesOf<"iota">): Tensor {
  const size = at(shape, axis);
  const along = shape.map((_, index) => (index === axis ? size : 1));
  return iota(dtype, [size]).reshape(along).broadcast(shape);
}

const iotaRow: ExportRow<"iota"> = ({ attributes }, writer) => {
  const { dtype, shape, axis } = attributes;
  if (shape.length > 1) return writer.through(() => stretchedIota(attributes));
  return writer.cast(counted(writer, at(shape, axis)), dtype);
};

const unbound = (what: string): never => {
  throw new AdjointError("graph", "toOnnx", `${what} is read, and the graph does not declare it`);
};

/** Values that come from outside, constants, indices, and random bits. */
export const sourceRows: ExportRows<"input" | "register" | "constant" | "iota" | "randomBits"> = {
  input: ({ attributes: { name } }) => unbound(`input "${name}"`),
  register: ({ attributes: { name } }) => unbound(`register "${name}"`),
  constant: ({ attributes: { value } }, writer) => writer.constant(value),
  iota: iotaRow,
  randomBits: (node, writer) => {
    const [key] = writer.inputs(node);
    return key === undefined ? [] : threefry(writer, key, node.attributes.shape);
  },
};
