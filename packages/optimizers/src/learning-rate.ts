import { AdjointError, type DType, Tensor, constant, isFloat } from "@adjoint/ir";
import type { Schedule } from "./schedule.ts";

/** A number, a schedule, or a scalar float tensor. */
export type LearningRate = number | Schedule | Tensor;

/**
 * A learning rate as a scalar.
 * @param step the number of updates done before this one, a float scalar.
 * @throws AdjointError when a schedule or tensor is not a float scalar.
 */
export function rateAt(rate: LearningRate, step: Tensor, dtype: DType): Tensor {
  if (typeof rate === "number") return constant(rate, dtype);
  const value = rate instanceof Tensor ? rate : rate(step);
  if (!(value instanceof Tensor) || value.rank !== 0 || !isFloat(value.dtype)) {
    throw new AdjointError(
      "shape",
      "learningRate",
      `must be a float scalar and is ${value}`,
      "A schedule gets the step as a float scalar and returns the rate as one.",
    );
  }
  return value.cast(dtype);
}
