import { AdjointError } from "../error.ts";
import { type Domain, checkDomain } from "../ops/elementwise.ts";
import { equalShapes, typeText } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Refuses tensors that are not floats (or not of the domain given) or that differ in dtype. */
export function checkDTypes(name: string, tensors: readonly Tensor[], domain: Domain = "float"): void {
  const [first, ...rest] = tensors;
  if (first === undefined) return;
  checkDomain(name, domain, first);
  const other = rest.find((tensor) => tensor.dtype !== first.dtype);
  if (other !== undefined) {
    throw new AdjointError(
      "dtype",
      name,
      `dtypes differ: ${first} and ${other}`,
      `Promotion is explicit: cast one of them, for example with .cast("${first.dtype}").`,
    );
  }
}

/** Refuses a tensor whose shape is not `shape`: stretching it would hide a mistake. */
export function checkShape(name: string, tensor: Tensor, shape: Tensor["shape"], what: string): void {
  if (equalShapes(tensor.shape, shape)) return;
  throw new AdjointError(
    "shape",
    name,
    `${what} must have shape [${shape.map(String).join(", ")}] and is ${tensor}`,
    "Reshape it.",
  );
}

/** Refuses attributes that don't go with the operands. */
export function checkAttribute(name: string, holds: boolean, problem: string): void {
  if (!holds) throw new AdjointError("attribute", name, problem);
}

/** Refuses tensors that are not keys (u32[2]). */
export function checkKey(operation: string, key: Tensor): void {
  if (typeText(key.type) !== "u32[2]") {
    throw new AdjointError(
      "dtype",
      operation,
      `the random key must be u32[2] and is ${key}`,
      "Make keys with randomKey(…).",
    );
  }
}
