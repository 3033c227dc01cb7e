import { z } from "zod";
import { AdjointError } from "../error.ts";
import type { Composite, Tensor } from "../tensor.ts";
import { defineUnary, one } from "./define.ts";

interface LocalResponse {
  size: number;
  alpha: number;
  beta: number;
  bias: number;
}

const operations = {
  lrn: defineUnary<LocalResponse>(
    "lrn",
    (x, { size, alpha, beta, bias }) => {
      if (x.rank < 2) throw new AdjointError("shape", "lrn", `wants [N, C, …] and got ${x}`);
      const before = Math.floor((size - 1) / 2);
      const at = (count: number): number[] => x.shape.map((_, axis) => (axis === 1 ? count : 0));
      const squares = x
        .mul(x)
        .pad({ low: at(before), high: at(size - 1 - before) })
        .window({ axes: [1], sizes: [size] })
        .reduceSum({ axes: [-1] });
      return x.div(
        squares
          .mul(alpha / size)
          .add(bias)
          .pow(beta),
      );
    },
    {
      attributes: z.strictObject({
        size: z.int().min(1),
        alpha: z.number(),
        beta: z.number(),
        bias: z.number(),
      }),
    },
  ),
};

/** Normalization by neighbouring channels. */
export const lrnComposites: readonly Composite[] = Object.values(operations);

/** Options of `lrn`. */
export interface LrnOptions {
  /** How many channels a neighbourhood has. */
  readonly size: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly bias?: number;
}

/**
 * x/(bias + alpha/size·Σ x²)^beta, the sum over the `size` channels around each (those that exist).
 * Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification" (2012), section 3.3.
 * @param x [N, C, …].
 */
export const lrn = (x: Tensor, options: LrnOptions): Tensor => {
  const { size, alpha = 1e-4, beta = 0.75, bias = 1 } = options;
  return one(operations.lrn, [x], { size, alpha, beta, bias });
};
