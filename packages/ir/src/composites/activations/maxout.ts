import { checked, int, minimum, strictObject } from "../../schema.ts";
import type { CompositeFunction } from "../../composite.ts";
import { divDims } from "../../dim.ts";
import { AdjointError } from "../../error.ts";
import type { Tensor } from "../../tensor.ts";
import { normalizeAxis } from "../../primitive.ts";
import { unary } from "../define.ts";

export interface MaxoutOptions {
  readonly axis?: number;
  /** The number of neighbours on the axis that compete for one output. */
  readonly pieces: number;
}

/**
 * The largest of each `pieces` neighbours along an axis, which shrinks by that factor. Ties share the gradient equally.
 * Source: Goodfellow et al., "Maxout networks" (2013), arXiv:1302.4389.
 */
export const maxout: CompositeFunction<[x: Tensor, options: MaxoutOptions]> = unary(
  "maxout",
  (x, { axis, pieces }) => {
    const at = normalizeAxis("maxout", axis, x.rank);
    const units = divDims(x.shape[at] ?? 1, pieces);
    if (units === undefined) {
      throw new AdjointError("shape", "maxout", `axis ${at} of ${x} does not divide by ${pieces} pieces`);
    }
    const split = [...x.shape.slice(0, at), units, pieces, ...x.shape.slice(at + 1)];
    return x.reshape(split).reduceMax({ axes: [at + 1] });
  },
  {
    exact: true,
    attributes: strictObject({ axis: int(), pieces: checked(int(), minimum(1)) }),
    settings: (x, { axis = -1, pieces }) => ({ axis: normalizeAxis("maxout", axis, x.rank), pieces }),
  },
);
