import { MAP_READ, usage } from "./usage.ts";

/** Buffers through which results reach the host, used in turn; one that is still being read is waited for. */
export class StagingRing implements Disposable {
  readonly #buffers: readonly { readonly buffer: GPUBuffer; busy: Promise<unknown> }[];
  #next = 0;
  readonly bytes: number;

  constructor(device: GPUDevice, bytes: number, count = 2) {
    this.bytes = bytes * count;
    this.#buffers = Array.from({ length: count }, (_, index) => ({
      buffer: device.createBuffer({
        label: `staging ${index}`,
        size: bytes,
        usage: usage.mapRead | usage.copyTarget,
      }),
      busy: Promise.resolve(),
    }));
  }

  /**
   * Lets `submit` fill a buffer, and `read` read it once the device has done so.
   * @returns what `read` returns.
   */
  async through<T>(submit: (target: GPUBuffer) => void, read: (words: ArrayBuffer) => T): Promise<T> {
    const slot = this.#buffers[this.#next++ % this.#buffers.length];
    if (slot === undefined) throw new RangeError("a ring has a buffer");
    await slot.busy;
    submit(slot.buffer);
    const result = slot.buffer.mapAsync(MAP_READ).then(() => {
      try {
        return read(slot.buffer.getMappedRange());
      } finally {
        slot.buffer.unmap();
      }
    });
    slot.busy = result.catch(() => undefined);
    return result;
  }

  [Symbol.dispose](): void {
    for (const { buffer } of this.#buffers) buffer.destroy();
  }
}
