import type { Operator } from "./row.ts";

/** If, Loop, Scan. */
export const control: readonly Operator[] = [];
