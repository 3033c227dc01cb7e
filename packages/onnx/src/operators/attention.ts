import type { Operator } from "./row.ts";

/** Attention and rotary embedding. */
export const attention: readonly Operator[] = [];
