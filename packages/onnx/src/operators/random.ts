import type { Operator } from "./row.ts";

/** Random numbers, from a seed. */
export const random: readonly Operator[] = [];
