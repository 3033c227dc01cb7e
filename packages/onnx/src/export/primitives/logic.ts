import { type ExportRows, direct } from "../row.ts";
import { operands } from "../operands.ts";
import type { ExportRow } from "../row.ts";

type Logic = "isNaN" | "isInf" | "not" | "and" | "or" | "xor" | "equal" | "less" | "lessOrEqual" | "where";

const predicate =
  (operator: string): ExportRow<"equal" | "less" | "lessOrEqual" | "isNaN"> =>
  (node, writer) =>
    writer.one(operator, operands(node, writer), { result: "bool" });

/** IsInf knows half floats from opset 20 on only. */
const isInf: ExportRow<"isInf"> = (node, writer) => {
  const [x] = operands(node, writer);
  const wide = x !== undefined && writer.opset < 20 && x.dtype === "f16" ? writer.cast(x, "f32") : x;
  return writer.one("IsInf", [wide], { result: "bool" });
};

/** Comparison, logic, and the choice by a condition. */
export const logicRows: ExportRows<Logic> = {
  isNaN: predicate("IsNaN"),
  isInf,
  not: direct("Not"),
  and: direct("And"),
  or: direct("Or"),
  xor: direct("Xor"),
  equal: predicate("Equal"),
  less: predicate("Less"),
  lessOrEqual: predicate("LessOrEqual"),
  where: direct("Where"),
};
