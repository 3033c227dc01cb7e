import { type Dim, addDims, bindDim, dimSymbols, divDims, subDims } from "../dim.ts";
import { AdjointError } from "../error.ts";

/** The number of steps of `step` in `extent`, rounded up; refused if it depends on a symbol. */
export function stepsIn(operation: string, extent: Dim, step: number): Dim {
  if (typeof extent === "number") return Math.max(0, Math.ceil(extent / step));
  const exact = divDims(extent, step);
  if (exact !== undefined) return exact;
  // ceil((step·q + r) / step) = q + ceil(r / step): only the constant term needs rounding.
  const rest = bindDim(extent, Object.fromEntries(dimSymbols(extent).map((symbol) => [symbol, 0])));
  const quotient = typeof rest === "number" ? divDims(subDims(extent, rest), step) : undefined;
  if (quotient !== undefined && typeof rest === "number") return addDims(quotient, Math.ceil(rest / step));
  throw new AdjointError(
    "shape",
    operation,
    `the number of steps of ${step} in ${extent} depends on its symbols`,
    `Bind ${dimSymbols(extent).join(", ")} to a number.`,
  );
}
