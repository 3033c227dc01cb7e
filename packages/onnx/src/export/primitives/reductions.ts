import { filled, scan } from "@adjoint/ir";
import { given } from "../operands.ts";
import type { ExportRow, ExportRows } from "../row.ts";

type Reduction = "reduceSum" | "reduceProd" | "reduceMax" | "reduceMin";

/** @param moved operator set from which the axes are an input. */
const reduced =
  (operator: string, moved: number): ExportRow<Reduction> =>
  (node, writer) => {
    const { axes } = node.attributes;
    const [x] = writer.inputs(node);
    // No axes would mean all of them.
    if (axes.length === 0) return writer.inputs(node);
    return writer.opset < moved
      ? writer.one(operator, [x], { attributes: { axes, keepdims: 0 } })
      : writer.one(operator, [x, writer.ints(axes)], { attributes: { keepdims: 0 } });
  };

const extreme =
  (operator: string): ExportRow<"argMax" | "argMin"> =>
  (node, writer) => {
    const { axis } = node.attributes;
    const index = writer.one(operator, writer.inputs(node), {
      attributes: { axis, keepdims: 0 },
      result: "i64",
    });
    return writer.cast(index, "i32");
  };

const cumSum: ExportRow<"cumSum"> = (node, writer) => {
  const { axis, exclusive, reverse } = node.attributes;
  const [x] = writer.inputs(node);
  if (x === undefined) return [];
  // Half floats came with opset 14.
  const wide = x.dtype === "f16" && writer.opset < 14 ? writer.cast(x, "f32") : x;
  const sums = writer.one("CumSum", [wide, writer.scalar(axis, "i32")], {
    attributes: { exclusive: Number(exclusive), reverse: Number(reverse) },
  });
  return writer.cast(sums, x.dtype);
};

/** A loop along the axis: ONNX has no cumulative product before opset 26. */
const cumProd: ExportRow<"cumProd"> = ({ inputs: [x], attributes }, writer) => {
  const { axis, exclusive, reverse } = attributes;
  if (x === undefined) return [];
  return writer.through(() => {
    const first = [axis, ...[...x.shape.keys()].filter((other) => other !== axis)];
    const moved = x.transpose(first);
    const one = filled(1, x.dtype, moved.shape.slice(1));
    const { outputs } = scan({ carry: [one], sequences: [moved], reverse }, ([product], [slice]) => {
      const next = given(product).mul(given(slice));
      return { carry: [next], outputs: [exclusive ? given(product) : next] };
    });
    return given(outputs[0]).transpose(first.map((_, index) => first.indexOf(index)));
  });
};

/** Sums, extremes and their indices. */
export const reductionRows: ExportRows<Reduction | "argMax" | "argMin" | "cumSum" | "cumProd"> = {
  reduceSum: reduced("ReduceSum", 13),
  reduceProd: reduced("ReduceProd", 18),
  reduceMax: reduced("ReduceMax", 18),
  reduceMin: reduced("ReduceMin", 18),
  argMax: extreme("ArgMax"),
  argMin: extreme("ArgMin"),
  cumSum,
  cumProd,
};
