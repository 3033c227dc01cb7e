import { AdjointError, shapeSize } from "@adjoint/ir/values";
import { array, checked, literal, maxLength, refine, strictObject, union } from "@adjoint/ir/schema";
import { size } from "../config.ts";
import type { Layer, LayerKind, NameOption } from "../layer.ts";
import { makeLayer } from "../make-layer.ts";

type None = Record<never, never>;

/** Kind of `flatten`. */
export const flattenKind: LayerKind<None> = {
  kind: "flatten",
  schema: strictObject({}),
  build: (x) => {
    const [batch, ...rest] = x.shape;
    if (batch === undefined)
      throw new AdjointError("shape", "flatten", `wants [batch, …] and got ${x}`, "Give it a batch axis.");
    return x.reshape([batch, shapeSize(rest)]);
  },
};

/** All axes but the batch as one: [N, …] → [N, features]. */
export const flatten = (options: NameOption = {}): Layer<None> => makeLayer(flattenKind, options);

/** All settings of `reshape`. */
export interface ReshapeConfig {
  readonly shape: readonly number[];
}

/** Settings of `reshape`. */
export interface ReshapeOptions extends NameOption {
  /** The shape of one example, without the batch; one size may be −1. */
  readonly shape: readonly number[];
}

/** Kind of `reshape`. */
export const reshapeKind: LayerKind<ReshapeConfig> = {
  kind: "reshape",
  schema: strictObject({
    shape: checked(
      array(union([literal(-1), size], "must be a whole number ≥ 1, or −1")),
      maxLength(16),
      refine((sizes) => sizes.filter((each) => each === -1).length <= 1, "may hold one −1"),
    ),
  }),
  build: (x, { config }) => {
    const [batch] = x.shape;
    if (batch === undefined)
      throw new AdjointError("shape", "reshape", `wants [batch, …] and got ${x}`, "Give it a batch axis.");
    return x.reshape([batch, ...config.shape]);
  },
};

/** The same elements of each example in another shape: [N, …] → [N, …shape]. */
export const reshape = (options: ReshapeOptions): Layer<ReshapeConfig> => makeLayer(reshapeKind, options);
