import type { Operator } from "./row.ts";

/** TopK, ArgMax, ArgMin, CumSum, CumProd. */
export const ordering: readonly Operator[] = [];
