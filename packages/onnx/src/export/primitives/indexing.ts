import { AdjointError, type ScatterReduction } from "@adjoint/ir";
import { given } from "../operands.ts";
import type { ExportRow, ExportRows } from "../row.ts";

/** The operator set that brought each reduction of ScatterND. */
const since: { readonly [R in ScatterReduction]: number } = { none: 11, add: 16, mul: 16, max: 18, min: 18 };

/** ONNX's indices are of 64 bits; it also counts negative ones from the end, where ours are errors. */
const gather: ExportRow<"gather"> = ({ inputs: [data, indices], output }, writer) => {
  // Indices of no axes address the whole tensor, which GatherND has no form for.
  if (given(indices).shape.at(-1) === 0) return writer.through(() => given(data).broadcast(output.shape));
  return writer.one("GatherND", [
    writer.value(given(data)),
    writer.cast(writer.value(given(indices)), "i64"),
  ]);
};

const scatter: ExportRow<"scatter"> = (node, writer) => {
  const { reduction } = node.attributes;
  if (writer.opset < since[reduction]) {
    throw new AdjointError(
      "graph",
      "toOnnx",
      `${node.output} scatters with "${reduction}", which ONNX has from opset ${since[reduction]} on, and ${writer.opset} is written`,
      `Give { opset: ${since[reduction]} }.`,
    );
  }
  const [data, indices, updates] = node.inputs.map((tensor) => writer.value(tensor));
  if (data === undefined || indices === undefined || updates === undefined) return [];
  const places = writer.cast(indices, "i64");
  if (reduction === "none") return writer.one("ScatterND", [data, places, updates]);
  // The runtime joins no half floats.
  const type = data.dtype === "f16" ? "f32" : data.dtype;
  const joined = writer.one("ScatterND", [writer.cast(data, type), places, writer.cast(updates, type)], {
    attributes: { reduction },
  });
  return writer.cast(joined, data.dtype);
};

/** Elements by index. */
export const indexingRows: ExportRows<"gather" | "scatter"> = { gather, scatter };
