import { AdjointError, type Scalar } from "@adjoint/ir/values";

/** An index that data decided. @throws AdjointError when it lies outside its axis. */
export function checked(index: Scalar, size: number, operation: string): number {
  const position = Number(index);
  if (position >= 0 && position < size) return position;
  throw new AdjointError(
    "index",
    operation,
    `index ${position} lies outside an axis of size ${size}`,
    "Indices go from 0 to the axis's size − 1.",
  );
}
