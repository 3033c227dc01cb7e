import type { Operator } from "./row.ts";

/** Resize, GridSample, AffineGrid and other operators on pictures. */
export const image: readonly Operator[] = [];
