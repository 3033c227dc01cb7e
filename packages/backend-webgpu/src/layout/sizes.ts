import { AdjointError } from "@adjoint/ir";
import { WORD } from "./words.ts";

/** Bindings hold at least one vector of four words. */
const SMALLEST = 16;

/** Bytes of a buffer on the device. */
export const bytesOf = (elements: number): number => Math.max(SMALLEST, Math.ceil(elements / 4) * 4 * WORD);

/** @throws AdjointError where the planned memory has a piece that the device can't bind. */
export function checkSizes({ limits }: GPUDevice, elements: readonly number[]): void {
  const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  const largest = Math.max(0, ...elements.map(bytesOf));
  if (largest <= most) return;
  const total = elements.reduce((sum, count) => sum + bytesOf(count), 0);
  throw new AdjointError(
    "backend",
    "webgpu",
    `a buffer of ${largest} bytes is planned, of ${total} in all, and the device binds ${most} at most`,
    "Use a smaller batch, or a device with larger limits.",
  );
}
