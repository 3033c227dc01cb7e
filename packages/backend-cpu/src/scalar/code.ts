import type { NameOf } from "@adjoint/ir/graph";
import { type DType, dtypeInfo, isFloat } from "@adjoint/ir/values";
import { fitCode } from "../elements.ts";
import { ruleOf } from "./table.ts";

/** An elementwise operation as JavaScript, from operands' code. */
export function scalarCode(
  operation: NameOf<"map">,
  operands: readonly string[],
  from: DType,
  to: DType,
): string {
  const [a = "0", b = "0", c = "0"] = operands;
  if (operation === "where") return `(${a} ? ${b} : ${c})`;
  if (operation === "stopGradient") return a;
  if (operation === "bitcast") return `bitcast(${a}, "${from}", "${to}")`;
  if (operation === "cast") return castCode(a, from, to);
  const { rule: found, exact } = ruleOf(operation, from);
  const code = found.code(...operands);
  return exact ? code : fitCode(to, code);
}

/** The common conversions in place; the others through the function that defines them. */
function castCode(a: string, from: DType, to: DType): string {
  if (to === "bool") return `(${a} ${dtypeInfo[from].big ? "!== 0n" : "!== 0"} ? 1 : 0)`;
  if (isFloat(to)) return fitCode(to, dtypeInfo[from].big ? `Number(${a})` : a);
  if (!isFloat(from) && !dtypeInfo[from].big && !dtypeInfo[to].big) return fitCode(to, a);
  return `cast(${a}, "${to}", ${isFloat(from)})`;
}
