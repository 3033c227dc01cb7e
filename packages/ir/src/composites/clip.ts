import { exactOptional, number, strictObject } from "../schema.ts";
import type { CompositeFunction } from "../composite.ts";
import type { Tensor } from "../tensor.ts";
import { checkDomain } from "../ops/elementwise.ts";
import { unary } from "./define.ts";

/** Options of `clip`: an absent bound does not bind. */
export interface ClipOptions {
  readonly min?: number;
  readonly max?: number;
}

/** x held within [min, max], of any numeric type. The derivative at a bound is 1. Where min > max all become max. */
export const clip: CompositeFunction<[x: Tensor, options: ClipOptions]> = unary(
  "clip",
  (x, { min, max }) => {
    const raised = min === undefined ? x : x.max(min);
    return max === undefined ? raised : raised.min(max);
  },
  {
    exact: true,
    attributes: strictObject({ min: exactOptional(number()), max: exactOptional(number()) }),
    settings: (_, bounds) => bounds,
    check: ([x]) => checkDomain("clip", "numeric", x),
    gradient: ({ x, g, attributes: { min, max } }) => {
      const above = min === undefined ? g : x.greaterOrEqual(min).where(g, 0);
      return max === undefined ? above : x.lessOrEqual(max).where(above, 0);
    },
  },
);
