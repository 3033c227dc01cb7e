import { AdjointError, type Tensor } from "@adjoint/ir";
import type { ScatterReduction } from "@adjoint/ir/graph";
import type { Value } from "../draft.ts";
import { given } from "../operands.ts";
import type { ExportRow, ExportRows } from "../row.ts";
import type { Writer } from "../writer.ts";

/** The operator set that brought each reduction of ScatterND. */
const since: { readonly [R in ScatterReduction]: number } = { none: 11, add: 16, mul: 16, max: 18, min: 18 };

/** Indices for ONNX, which are of 64 bits. It counts negative ones from the end itself, where ours are errors. */
const wideIndices = (indices: Tensor, writer: Writer): Value => {
  const [own] = indices.node.inputs;
  const isCounted = indices.node.operation.name === "fromEnd" && own !== undefined;
  return writer.cast(writer.value(isCounted ? own : indices), "i64");
};

const gather: ExportRow<"gather"> = ({ inputs: [data, indices], output }, writer) => {
  // Indices of no axes address the whole tensor, which GatherND has no form for.
  if (given(indices).shape.at(-1) === 0) return writer.through(() => given(data).broadcast(output.shape));
  return writer.one("GatherND", [writer.value(given(data)), wideIndices(given(indices), writer)]);
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
  const [data, updates] = [writer.value(given(node.inputs[0])), writer.value(given(node.inputs[2]))];
  const indices = wideIndices(given(node.inputs[1]), writer);
  if (reduction === "none") return writer.one("ScatterND", [data, indices, updates]);
  // The runtime joins no half floats.
  const type = data.dtype === "f16" ? "f32" : data.dtype;
  const joined = writer.one("ScatterND", [writer.cast(data, type), indices, writer.cast(updates, type)], {
    attributes: { reduction },
  });
  return writer.cast(joined, data.dtype);
};

/** Elements by index. */
export const indexingRows: ExportRows<"gather" | "scatter"> = { gather, scatter };
