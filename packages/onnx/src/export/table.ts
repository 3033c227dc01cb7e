import type { PrimitiveName } from "@adjoint/ir";
import { activationExports } from "../operators/activations.ts";
import { castExports } from "../operators/casts.ts";
import { constantExports } from "../operators/constants.ts";
import { logicExports } from "../operators/logic.ts";
import { mathExports } from "../operators/math.ts";
import { reductionExports } from "../operators/reductions.ts";
import { shapingExports } from "../operators/shaping.ts";
import type { CompositeExports, ExportRows } from "./row.ts";

/** Primitives that have no row yet. */
type Pending =
  | (
      | "iota"
      | "randomBits"
      | "expm1"
      | "log1p"
      | "bitcast"
      | "atan2"
      | "argMax"
      | "argMin"
      | "cumSum"
      | "cumProd"
    )
  | (
      | "slice"
      | "pad"
      | "flip"
      | "window"
      | "windowSum"
      | "dotGeneral"
      | "conv"
      | "convTranspose"
      | "convWeight"
    )
  | ("gather" | "scatter" | "sort" | "topK" | "scan" | "if" | "commit");

/** How each primitive is written. A primitive without a row is a type error here. */
export const primitiveExports: ExportRows<Exclude<PrimitiveName, Pending>> = {
  ...mathExports,
  ...logicExports,
  ...castExports,
  ...constantExports,
  ...shapingExports,
  ...reductionExports,
};

/** Composites that are one operator in ONNX; all others are written through their parts. */
export const compositeExports: CompositeExports = {
  ...activationExports,
};
