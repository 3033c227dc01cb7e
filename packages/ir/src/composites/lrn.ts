import { window } from "../ops/window.ts";
import { checked, int, minimum, number, strictObject } from "../schema.ts";
import type { CompositeFunction } from "../composite.ts";
import { AdjointError } from "../error.ts";
import type { Tensor } from "../tensor.ts";
import { unary } from "./define.ts";

export interface LrnOptions {
  /** The number of channels in a neighbourhood. */
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
export const lrn: CompositeFunction<[x: Tensor, options: LrnOptions]> = unary(
  "lrn",
  (x, { size, alpha, beta, bias }) => {
    if (x.rank < 2) throw new AdjointError("shape", "lrn", `wants [N, C, …] and got ${x}`);
    const before = Math.floor((size - 1) / 2);
    const at = (count: number): number[] => x.shape.map((_, axis) => (axis === 1 ? count : 0));
    const squares = window(x.mul(x).pad({ low: at(before), high: at(size - 1 - before) }), {
      axes: [1],
      sizes: [size],
    }).reduceSum({ axes: [-1] });
    return x.div(
      squares
        .mul(alpha / size)
        .add(bias)
        .pow(beta),
    );
  },
  {
    attributes: strictObject({
      size: checked(int(), minimum(1)),
      alpha: number(),
      beta: number(),
      bias: number(),
    }),
    settings: (_, { size, alpha = 1e-4, beta = 0.75, bias = 1 }) => ({ size, alpha, beta, bias }),
  },
);
