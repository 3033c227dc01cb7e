import { usage } from "./usage.ts";

/** Bytes of a timestamp. */
const STAMP = 8;

/** GPU time of each kernel, by timestamps before and after it. */
export class Profiler implements Disposable {
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #kernels: number[];
  runs = 0;

  constructor(device: GPUDevice, kernels: number) {
    this.#kernels = Array.from({ length: kernels }, () => 0);
    this.#queries = device.createQuerySet({ type: "timestamp", count: Math.max(2, 2 * kernels) });
    this.#resolved = device.createBuffer({
      size: Math.max(2, 2 * kernels) * STAMP,
      usage: usage.queryResolve | usage.copySource,
    });
  }

  get bytes(): number {
    return this.#kernels.length * 2 * STAMP;
  }

  /** Milliseconds spent in each kernel so far. */
  get kernels(): readonly number[] {
    return this.#kernels;
  }

  /** Notes the time before (0) or after (1) a kernel, in a pass without work. */
  stamp(encoder: GPUCommandEncoder, kernel: number, end: 0 | 1): void {
    encoder
      .beginComputePass({
        timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex: 2 * kernel + end },
      })
      .end();
  }

  resolve(encoder: GPUCommandEncoder, target: GPUBuffer, offset: number): void {
    if (this.bytes === 0) return;
    encoder.resolveQuerySet(this.#queries, 0, 2 * this.#kernels.length, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, target, offset, this.bytes);
  }

  /** Adds a run's times, in nanoseconds as the device writes them. */
  read(words: ArrayBuffer, offset: number): void {
    const stamps = new BigUint64Array(words, offset, 2 * this.#kernels.length);
    this.#kernels.forEach((sum, kernel) => {
      const span = (stamps[2 * kernel + 1] ?? 0n) - (stamps[2 * kernel] ?? 0n);
      // A device may set its clock back between stamps.
      this.#kernels[kernel] = sum + Math.max(0, Number(span)) / 1e6;
    });
    this.runs++;
  }

  [Symbol.dispose](): void {
    this.#queries.destroy();
    this.#resolved.destroy();
  }
}
