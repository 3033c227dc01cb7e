import type { Tensor } from "@adjoint/ir";

/**
 * Subnormal numbers as 0, all others as they are.
 *
 * A moment whose gradient vanished decays by β a step until it underflows, and arithmetic on subnormal numbers is up to
 * a hundred times slower where they can't be switched off (WebAssembly). What is lost is below 1.2e-38.
 * @param x a moment: f32 or f64.
 */
export function flushSubnormal(x: Tensor): Tensor {
  const smallestNormal = 2 ** (x.dtype === "f64" ? -1022 : -126);
  return x.abs().less(smallestNormal).where(0, x);
}
