import { AdjointError } from "@adjoint/ir/values";
import { type Format, WORD, bytesPer } from "./words.ts";

/** Bindings hold at least one vector of four words. */
const SMALLEST = 16;

/** Bytes of a buffer on the device. */
export const bytesOf = (elements: number, format: Format = "word"): number =>
  Math.max(SMALLEST, Math.ceil((elements * bytesPer[format]) / SMALLEST) * SMALLEST);

/** Bytes of its elements, in whole words: what copies move. */
export const copiedBytes = (elements: number, format: Format): number =>
  Math.ceil((elements * bytesPer[format]) / WORD) * WORD;

/**
 * @param what the tensor.
 * @throws AdjointError where it is larger than the buffers that the device makes and binds.
 */
export function checkSize({ limits }: GPUDevice, what: () => string, bytes: number): void {
  const name =
    limits.maxBufferSize < limits.maxStorageBufferBindingSize
      ? "maxBufferSize"
      : "maxStorageBufferBindingSize";
  if (bytes <= limits[name]) return;
  throw new AdjointError(
    "backend",
    "webgpu",
    `${what()} needs ${bytes} bytes, and the device's ${name} is ${limits[name]}`,
    "Use a smaller batch or layer, or a device with larger limits: webgpu() without a device asks for all that its adapter has.",
  );
}
