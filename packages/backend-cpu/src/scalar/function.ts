import type { NameOf } from "@adjoint/ir/graph";
import { type DType, type Scalar, isFloat } from "@adjoint/ir/values";
import { fit, helpers } from "../elements.ts";
import { ruleOf } from "./table.ts";

/** An elementwise operation as a function. */
export function scalarFunction(
  operation: NameOf<"map">,
  from: DType,
  to: DType,
): (...operands: Scalar[]) => Scalar {
  if (operation === "where") return (condition = 0, a = 0, b = 0) => (condition ? a : b);
  if (operation === "stopGradient") return (a = 0) => a;
  if (operation === "bitcast") return (a = 0) => helpers.bitcast(a, from, to);
  if (operation === "cast") {
    const fromFloat = isFloat(from);
    return (a = 0) => fit(to, helpers.cast(a, to, fromFloat));
  }
  const { rule: found, exact } = ruleOf(operation, from);
  // The dtype decides between number and bigint, which the operands' type can't say.
  const run = found.run as (...operands: Scalar[]) => Scalar | boolean;
  return (...operands) => {
    const value = run(...operands);
    if (typeof value === "boolean") return value ? 1 : 0;
    return exact ? value : fit(to, value);
  };
}
