import type { Operator } from "./row.ts";

/** Reading and writing at indices: Gather*, Scatter*, OneHot, Trilu, Range, Compress, NonZero, Unique. */
export const indexing: readonly Operator[] = [];
