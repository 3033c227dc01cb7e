import type { Operator } from "./row.ts";

/** ai.onnx.preview.training: gradients and optimizers. */
export const training: readonly Operator[] = [];
