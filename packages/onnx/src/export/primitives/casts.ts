import { AdjointError, type DType, dtypeInfo, dtypeRange, isFloat, valueOf } from "@adjoint/ir/values";
import { elementTypes } from "../../element-type.ts";
import type { Value } from "../draft.ts";
import type { ExportRow, ExportRows } from "../row.ts";
import type { Writer } from "../writer.ts";

/** BitCast came with this operator set. */
const BITCAST = 26;

/**
 * Floats to whole numbers as ours: saturated, and NaN as 0. ONNX leaves both open. An f64 holds the ends of all types but
 * those of 64 bits, whose upper end is chosen apart.
 */
function saturated(writer: Writer, x: Value, dtype: DType): Value {
  const [low, high] = dtypeRange(dtype);
  const bound = (value: number): Value => writer.scalar(value, "f64");
  const isNaN = writer.one("IsNaN", [x], { result: "bool" });
  const wide = writer.one("Where", [isNaN, bound(0), writer.cast(x, "f64")]);
  const clipped = writer.one("Min", [writer.one("Max", [wide, bound(Number(low))]), bound(Number(high))]);
  if (!dtypeInfo[dtype].big) return writer.cast(writer.cast(clipped, "i64"), dtype);
  const isHigh = writer.one("LessOrEqual", [bound(Number(high)), wide], { result: "bool" });
  const inside = writer.cast(writer.one("Where", [isHigh, bound(0), clipped]), dtype);
  return writer.one("Where", [isHigh, writer.constant(valueOf(dtype, [], [high])), inside]);
}

const cast: ExportRow<"cast"> = ({ inputs: [x], attributes: { dtype } }, writer) => {
  if (x === undefined) return [];
  const value = writer.value(x);
  const isInt = !isFloat(dtype) && dtype !== "bool";
  return isFloat(x.dtype) && isInt ? saturated(writer, value, dtype) : writer.cast(value, dtype);
};

const bitcast: ExportRow<"bitcast"> = ({ inputs: [x], attributes: { dtype } }, writer) => {
  if (x === undefined) return [];
  const value = writer.value(x);
  if (!isFloat(x.dtype) && !isFloat(dtype)) return writer.cast(value, dtype);
  if (writer.opset >= BITCAST)
    return writer.one("BitCast", [value], { attributes: { to: elementTypes[dtype] }, result: dtype });
  throw new AdjointError(
    "graph",
    "toOnnx",
    `the bits of ${x} as ${dtype} have an operator from opset ${BITCAST} on, and ${writer.opset} is written`,
    `Give { opset: ${BITCAST} }.`,
  );
};

/** Changes of type. */
export const castRows: ExportRows<"cast" | "bitcast" | "stopGradient"> = {
  cast,
  bitcast,
  stopGradient: (node, writer) => writer.inputs(node),
};
