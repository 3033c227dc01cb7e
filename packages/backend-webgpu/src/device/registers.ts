import { AdjointError, type DType, type TensorValue, elementCount } from "@adjoint/ir";
import { bytesOf, checkSizes } from "../layout/sizes.ts";
import { encode, wordsFor } from "../layout/words.ts";
import { usage } from "./usage.ts";

/** A register's memory on the device. */
export interface RegisterMemory {
  readonly buffer: GPUBuffer;
  readonly dtype: DType;
  readonly shape: readonly number[];
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

  /** Creates the register on its first write; later ones keep the memory. */
  write(name: string, { dtype, shape, data }: TensorValue): void {
    const words = wordsFor(dtype, data.length);
    encode(dtype, data, words, `register "${name}"`);
    const known = this.#values.get(name) ?? this.#create(name, dtype, shape);
    this.#device.queue.writeBuffer(known.buffer, 0, words);
  }

  #create(name: string, dtype: DType, shape: readonly number[]): RegisterMemory {
    const elements = elementCount(shape);
    checkSizes(this.#device, [elements]);
    const buffer = this.#device.createBuffer({
      label: `register ${name}`,
      size: bytesOf(elements),
      usage: usage.storage | usage.copySource | usage.copyTarget,
    });
    const memory = { buffer, dtype, shape };
    this.#values.set(name, memory);
    return memory;
  }

  [Symbol.dispose](): void {
    for (const { buffer } of this.#values.values()) buffer.destroy();
  }
}
