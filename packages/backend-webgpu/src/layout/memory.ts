import type { BufferId, Program } from "@adjoint/compiler";
import { AdjointError, type DType } from "@adjoint/ir";
import { usage } from "../device/usage.ts";
import type { Registers } from "../device/registers.ts";
import { bytesOf, checkSizes } from "./sizes.ts";
import { arithmeticOf, encode, wordsFor } from "./words.ts";

/** A piece of device memory. Buffers of a program that share a slot share their place. */
export interface Place {
  readonly buffer: GPUBuffer;
  /** It outlives the run, so that a run which fails must not write it. */
  readonly persistent: boolean;
}

/** Device memory of a program: a GPU buffer for each slot and constant; registers are the session's. */
export class Memory implements Disposable {
  #places: readonly (Place | undefined)[] = [];
  readonly #own: GPUBuffer[] = [];
  readonly #program: Program;
  readonly #device: GPUDevice;
  #bytes = 0;

  constructor(program: Program, device: GPUDevice) {
    this.#program = program;
    this.#device = device;
  }

  /**
   * Takes the memory that the plan asks for.
   * @throws AdjointError where the device has no such dtype, or binds no buffer of such a size.
   */
  reserve(registers: Registers): void {
    const { buffers, slots: planned } = this.#program;
    for (const { dtype } of buffers) arithmeticOf(dtype);
    const elementsOf = planned.map(() => 0);
    for (const { location, elements } of buffers)
      if (location.kind === "slot")
        elementsOf[location.slot] = Math.max(elementsOf[location.slot] ?? 0, elements);
    checkSizes(this.#device, elementsOf);
    const slots = elementsOf.map((elements, slot) => this.allocate(elements, `slot ${slot}`));
    this.#places = buffers.map(({ dtype, elements, owner, location }, id): Place | undefined => {
      if (location.kind === "slot") return slots[location.slot];
      if (location.kind === "register")
        return { buffer: registers.get(location.name).buffer, persistent: true };
      if (owner.kind !== "constant") return undefined;
      const place = this.allocate(elements, `constant ${id}`);
      const words = wordsFor(dtype, elements);
      encode(dtype, owner.value.data, words, "a constant");
      this.#device.queue.writeBuffer(place.buffer, 0, words);
      return place;
    });
  }

  /** Device memory of its own, for as long as the program lives. */
  allocate(elements: number, label: string): Place {
    const size = bytesOf(elements);
    const buffer = this.#device.createBuffer({
      label,
      size,
      usage: usage.storage | usage.copySource | usage.copyTarget,
    });
    this.#own.push(buffer);
    this.#bytes += size;
    return { buffer, persistent: false };
  }

  find(buffer: BufferId): Place | undefined {
    return this.#places[buffer];
  }

  place(buffer: BufferId): Place {
    const place = this.find(buffer);
    if (place === undefined) throw new AdjointError("backend", "webgpu", `buffer ${buffer} has no memory`);
    return place;
  }

  dtype(buffer: BufferId): DType {
    return this.#program.buffers[buffer]?.dtype ?? "f32";
  }

  /** Bytes on the device, registers aside. */
  get bytes(): number {
    return this.#bytes;
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#own) buffer.destroy();
  }
}
