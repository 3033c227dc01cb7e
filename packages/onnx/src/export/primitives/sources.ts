import { AdjointError, iota } from "@adjoint/ir";
import { counted } from "../counted.ts";
import type { ExportRow, ExportRows } from "../row.ts";
import { threefry } from "../threefry.ts";

const iotaRow: ExportRow<"iota"> = ({ attributes: { dtype, shape, axis } }, writer) => {
  const size = shape[axis] ?? 1;
  if (shape.length === 1) return writer.cast(counted(writer, size), dtype);
  const along = shape.map((_, at) => (at === axis ? size : 1));
  return writer.through(() => iota(dtype, [size]).reshape(along).broadcast(shape));
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
