import type { Operator } from "./row.ts";

/** Normalizations over a batch, a channel group, a layer, or neighbours. */
export const normalization: readonly Operator[] = [];
