import type { Operator } from "./row.ts";

/** DFT, STFT and windows. */
export const signal: readonly Operator[] = [];
