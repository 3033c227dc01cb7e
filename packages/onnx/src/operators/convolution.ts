import type { Operator } from "./row.ts";

/** Convolutions, plain, transposed and deformable; Einsum. */
export const convolution: readonly Operator[] = [];
