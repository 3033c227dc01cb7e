import type { State } from "@adjoint/ir";
import {
  AdjointError,
  type DType,
  type TensorValue,
  type TypedArray,
  elementCount,
} from "@adjoint/ir/values";
import { bytesOf, checkSize } from "../layout/sizes.ts";
import { type Format, decode, encode, hostArray, isSame, wordsFor } from "../layout/words.ts";
import { createdOrFreed } from "./creation.ts";
import { StagingRing } from "./staging.ts";
import { upload } from "./upload.ts";
import { usage } from "./usage.ts";

/** A register's memory on the device. */
export interface RegisterMemory {
  readonly buffer: GPUBuffer;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly format: Format;
}

/** Registers of a session, by name: every program binds these very buffers. */
export class Registers implements Disposable {
  readonly #values = new Map<string, RegisterMemory>();
  readonly #device: GPUDevice;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get(name: string): RegisterMemory {
    const value = this.#values.get(name);
    if (value === undefined) throw new AdjointError("state", `register "${name}"`, "has not been written");
    return value;
  }

  /**
   * Creates registers on their first write; later ones keep the memory.
   * @throws AdjointError for values that the device can't hold, and where it has no room; then no register has changed.
   */
  async write(state: State): Promise<void> {
    const values = Object.entries(state).map(([name, value]) => {
      const what = `register "${name}"`;
      const format = this.#formatOf(value.dtype);
      checkSize(this.#device, () => what, bytesOf(value.data.length, format));
      return { name, value, words: wordsOf(value, what, format) };
    });
    const created = await createdOrFreed(
      this.#device,
      ({ bytes }) => `registers of ${bytes} bytes beside those of ${this.bytes}`,
      () => {
        const fresh = new Registers(this.#device);
        for (const { name, value } of values) if (!this.#values.has(name)) fresh.#create(name, value);
        return fresh;
      },
    );
    for (const [name, memory] of created.#values) this.#values.set(name, memory);
    for (const { name, words } of values) upload(this.#device, this.get(name).buffer, words);
  }

  /** @throws AdjointError where there is no room for a copy on its way to the host. */
  async read(names: readonly string[]): Promise<State> {
    const state: [string, TensorValue][] = [];
    const parts = partsOf(names, (name) => this.get(name).buffer.size, this.#device.limits.maxBufferSize);
    for (const part of parts) state.push(...Object.entries(await this.#readPart(part)));
    return Object.fromEntries(state);
  }

  async #readPart(names: readonly string[]): Promise<State> {
    const device = this.#device;
    let bytes = 0;
    const copies = names.map((name) => {
      const offset = bytes;
      bytes += this.get(name).buffer.size;
      return { name, offset, ...this.get(name) };
    });
    using staging = await createdOrFreed(
      device,
      () => `a copy of ${bytes} bytes of registers on its way to the host`,
      () => new StagingRing(device, bytes, 1),
    );
    return await staging.through(
      (target) => {
        const encoder = device.createCommandEncoder();
        for (const { buffer, offset } of copies)
          encoder.copyBufferToBuffer(buffer, 0, target, offset, buffer.size);
        device.queue.submit([encoder.finish()]);
      },
      (words) =>
        Object.fromEntries(
          copies.map(({ name, dtype, shape, format, offset }) => {
            const data = hostArray(dtype, elementCount(shape));
            decode(dtype, words, offset, data, format);
            return [name, { dtype, shape, data }];
          }),
        ),
    );
  }

  #formatOf(dtype: DType): Format {
    return dtype === "f16" && this.#device.features.has("shader-f16") ? "half" : "word";
  }

  #create(name: string, { dtype, shape }: TensorValue): void {
    const format = this.#formatOf(dtype);
    const buffer = this.#device.createBuffer({
      label: `register ${name}`,
      size: bytesOf(elementCount(shape), format),
      usage: usage.storage | usage.copySource | usage.copyTarget,
    });
    this.#values.set(name, { buffer, dtype, shape, format });
  }

  /** Bytes on the device. */
  get bytes(): number {
    return [...this.#values.values()].reduce((sum, { buffer }) => sum + buffer.size, 0);
  }

  [Symbol.dispose](): void {
    for (const { buffer } of this.#values.values()) buffer.destroy();
  }
}

/** A value as the device has it. @throws AdjointError where an element does not fit a word. */
function wordsOf({ dtype, data }: TensorValue, what: string, format: Format): TypedArray {
  if (isSame(dtype)) return data;
  const words = wordsFor(dtype, data.length, format);
  encode(dtype, data, words, what);
  return words;
}

/** Cuts a list into parts of as much as fits each. */
function partsOf<T>(
  list: readonly T[],
  sizeOf: (item: T) => number,
  most: number,
): readonly (readonly T[])[] {
  const parts: T[][] = [];
  let room = 0;
  for (const item of list) {
    const size = sizeOf(item);
    if (size > room) {
      parts.push([]);
      room = most;
    }
    parts.at(-1)?.push(item);
    room -= size;
  }
  return parts;
}
