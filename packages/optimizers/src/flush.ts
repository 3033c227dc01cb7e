import type { DType, Tensor } from "@adjoint/ir";

/** The smallest normal number of the types whose subnormal numbers are slow. */
const smallestNormal: { readonly [D in DType]?: number } = {
  f32: 2 ** -126,
  bf16: 2 ** -126,
  f64: 2 ** -1022,
};

/**
 * Subnormal numbers as 0, all others as they are.
 *
 * A moment whose gradient vanished decays by β a step until it underflows, and arithmetic on subnormal numbers is up to
 * a hundred times slower where they can't be switched off (WebAssembly). What is lost is below 1.2e-38.
 */
export function flushSubnormal(x: Tensor): Tensor {
  const limit = smallestNormal[x.dtype];
  return limit === undefined ? x : x.abs().less(limit).where(0, x);
}
