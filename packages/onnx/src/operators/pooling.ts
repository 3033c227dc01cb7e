import type { Operator } from "./row.ts";

/** Pools over windows and over whole planes. */
export const pooling: readonly Operator[] = [];
