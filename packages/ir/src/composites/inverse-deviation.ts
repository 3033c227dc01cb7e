import type { Tensor } from "../tensor.ts";
import { div } from "../ops/arithmetic.ts";
import { variance } from "./reductions.ts";

/** 1/√(variance + epsilon), with the reduced axes at size 1. */
export const inverseDeviation = (x: Tensor, axes: readonly number[], epsilon: number): Tensor =>
  div(1, variance(x, { axes, keepDims: true }).add(epsilon).sqrt());
