import { AdjointError, type Tensor, div, widened } from "@adjoint/ir";

/** Gradients clamped to −limit … limit (rounded to their type), element by element; NaN stays. */
export function clipByValue(gradients: readonly Tensor[], limit: number): readonly Tensor[] {
  return gradients.map((gradient) => gradient.max(-limit).min(limit));
}

/**
 * The Euclidean norm of all elements of all tensors, as one scalar of the widest type among them, f32 at least.
 * @throws AdjointError when there are no tensors.
 */
export function globalNorm(tensors: readonly Tensor[]): Tensor {
  const dtype = tensors.some((tensor) => tensor.dtype === "f64") ? "f64" : "f32";
  const [first, ...rest] = tensors.map((tensor) => {
    const wide = tensor.cast(dtype);
    return wide.mul(wide).reduceSum();
  });
  if (first === undefined) throw new AdjointError("graph", "globalNorm", "needs at least one tensor");
  return rest.reduce((sum, square) => sum.add(square), first).sqrt();
}

/**
 * Gradients times limit / max(norm, limit): unchanged while their global norm is within the limit.
 * Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks" (2013), algorithm 1.
 */
export function clipByGlobalNorm(gradients: readonly Tensor[], limit: number): readonly Tensor[] {
  if (gradients.length === 0) return gradients;
  const scale = div(limit, globalNorm(gradients).max(limit));
  return gradients.map((gradient) => {
    const wide = widened(gradient);
    return wide.mul(scale.cast(wide.dtype)).cast(gradient.dtype);
  });
}
