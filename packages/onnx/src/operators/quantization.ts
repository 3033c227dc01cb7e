import type { Operator } from "./row.ts";

/** Quantized values and products of them. */
export const quantization: readonly Operator[] = [];
