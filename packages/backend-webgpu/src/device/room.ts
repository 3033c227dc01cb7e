import { AdjointError } from "@adjoint/ir";

/**
 * Makes what lives on the device; frees it again where the device has no memory for it.
 * @param what the thing made, with its bytes.
 * @throws AdjointError where the device has no memory left.
 */
export async function withinMemory<T extends Disposable>(
  device: GPUDevice,
  what: (made: T) => string,
  make: () => T,
): Promise<T> {
  device.pushErrorScope("out-of-memory");
  let made: T;
  let scope: Promise<GPUError | null>;
  try {
    made = make();
  } finally {
    scope = device.popErrorScope();
  }
  if ((await scope) === null) return made;
  made[Symbol.dispose]();
  throw new AdjointError(
    "backend",
    "webgpu",
    `the device has no room for ${what(made)}`,
    "Use a smaller batch or model, or close other sessions.",
  );
}
