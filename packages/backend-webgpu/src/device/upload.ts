import type { TypedArray } from "@adjoint/ir/values";

/** Writes host data to the start of a buffer; of nothing, nothing, since Deno does not survive an empty write. */
export function upload({ queue }: GPUDevice, buffer: GPUBuffer, data: TypedArray): void {
  if (data.length > 0) queue.writeBuffer(buffer, 0, data);
}
