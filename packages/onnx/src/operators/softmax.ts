import type { Operator } from "./row.ts";

/** The softmax family, Hardmax, the losses, Dropout. */
export const softmax: readonly Operator[] = [];
