import type { ContractKernel } from "@adjoint/compiler";
import type { ContractFamilies } from "./families.ts";
import { type Lane, laneOf, sumTypeOf } from "./lane.ts";
import { type Operand, operandOf } from "./operand.ts";
import { accessOf } from "./pack.ts";
import { type Sizes, sizesOf } from "./sizes.ts";

/** Whether it may be a product of a matrix and a vector. */
export const isVector = ({ rows, columns, inner }: Sizes): boolean =>
  (rows === 1) !== (columns === 1) && inner > 0;

/** Whether some operand is read otherwise than as a matrix in memory. */
export const isIndirect = (
  { convolution }: ContractKernel,
  left: Operand,
  right: Operand,
  lane: Lane,
): boolean =>
  convolution?.variant === "convWeight" || !accessOf(left, lane).direct || !accessOf(right, lane).direct;

/** The families that a contraction is planned and written by. */
export function contractionFamilies(kernel: ContractKernel): readonly (keyof ContractFamilies)[] {
  const lane = laneOf(sumTypeOf(kernel.dtype), false);
  const left = operandOf(kernel, kernel.left, "rows", () => 0);
  const right = operandOf(kernel, kernel.right, "columns", () => 0);
  return [
    ...(isVector(sizesOf(kernel)) ? (["vectors"] as const) : []),
    ...(isIndirect(kernel, left, right, lane) ? (["indirect"] as const) : []),
  ];
}
