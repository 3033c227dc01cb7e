import type { Dim } from "@adjoint/ir";
import type { Node } from "@adjoint/ir/graph";
import type { Value } from "../draft.ts";
import { given } from "../operands.ts";
import type { ExportRows } from "../row.ts";
import type { Writer } from "../writer.ts";

interface Order {
  readonly axis: number;
  readonly k: Dim;
  readonly largest: boolean;
}

/** TopK gives the lower index first where elements are equal, which makes a sort of it that is stable. */
function topK(node: Node, writer: Writer, { axis, k, largest }: Order): readonly Value[] {
  const [values, indices] = writer.write("TopK", [writer.value(given(node.inputs[0])), writer.shape([k])], {
    attributes: { axis, largest: Number(largest), sorted: 1 },
    results: [undefined, "i64"],
  });
  return values === undefined || indices === undefined ? [] : [values, writer.cast(indices, "i32")];
}

/** Elements in order. */
export const orderingRows: ExportRows<"sort" | "topK"> = {
  sort: (node, writer) => {
    const { axis, descending } = node.attributes;
    return topK(node, writer, { axis, k: given(node.inputs[0]).shape[axis] ?? 1, largest: descending });
  },
  topK: (node, writer) => topK(node, writer, node.attributes),
};
