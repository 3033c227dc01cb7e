import type { BufferId, Kernel, CompiledProgram } from "@adjoint/compiler/kernel";
import { AdjointError, type DType, at } from "@adjoint/ir/values";
import { upload } from "../device/upload.ts";
import { usage } from "../device/usage.ts";
import type { Registers } from "../device/registers.ts";
import { tensorName } from "./names.ts";
import { bytesOf, checkSize } from "./sizes.ts";
import { type Format, arithmeticOf, encode, wordsFor } from "./words.ts";

/** A piece of device memory. Buffers of a program that share a slot share one. */
export interface Allocation {
  readonly buffer: GPUBuffer;
  readonly format: Format;
  /** It outlives the run, so that a run which fails must not write it. */
  readonly persistent: boolean;
}

/** Device memory of a program: a GPU buffer for each slot and constant; registers are the session's. */
export class Memory implements Disposable {
  #allocations: readonly (Allocation | undefined)[] = [];
  readonly #own: GPUBuffer[] = [];
  readonly #program: CompiledProgram;
  readonly #device: GPUDevice;
  #bytes = 0;

  constructor(program: CompiledProgram, device: GPUDevice) {
    this.#program = program;
    this.#device = device;
  }

  /**
   * Takes the memory that the plan asks for.
   * @throws AdjointError where the device has no such dtype, or binds no buffer of such a size.
   */
  reserve(registers: Registers): void {
    const { buffers } = this.#program;
    const formats = formatsOf(this.#program, this.#device);
    // Buffers of two formats share a slot of the plan, but no memory.
    const slots = new Map<string, { elements: number; readonly format: Format }>();
    const slotOf = (slot: number, id: BufferId): string => `slot ${slot} of ${formats[id]}s`;
    buffers.forEach(({ elements, location }, id) => {
      if (location.kind !== "slot" && location.kind !== "constant") return;
      const format = formats[id] ?? "word";
      checkSize(this.#device, () => tensorName(this.#program, id), bytesOf(elements, format));
      if (location.kind !== "slot") return;
      const key = slotOf(location.slot, id);
      slots.set(key, { elements: Math.max(slots.get(key)?.elements ?? 0, elements), format });
    });
    const allocations = new Map(
      [...slots].map(([key, { elements, format }]) => [key, this.allocate(elements, key, format)]),
    );
    this.#allocations = buffers.map(({ dtype, elements, owner, location }, id): Allocation | undefined => {
      if (location.kind === "slot") return allocations.get(slotOf(location.slot, id));
      if (location.kind === "register") return { ...registers.get(location.name), persistent: true };
      if (owner.kind !== "constant") return undefined;
      const allocation = this.allocate(elements, `constant ${id}`, formats[id]);
      const words = wordsFor(dtype, elements, allocation.format);
      encode(dtype, owner.value.data, words, "a constant");
      upload(this.#device, allocation.buffer, words);
      return allocation;
    });
  }

  /** Device memory of its own, for as long as the program lives. */
  allocate(elements: number, label: string, format: Format = "word"): Allocation {
    const size = bytesOf(elements, format);
    const buffer = this.#device.createBuffer({
      label,
      size,
      usage: usage.storage | usage.copySource | usage.copyTarget,
    });
    this.#own.push(buffer);
    this.#bytes += size;
    return { buffer, format, persistent: false };
  }

  find(buffer: BufferId): Allocation | undefined {
    return this.#allocations[buffer];
  }

  allocation(buffer: BufferId): Allocation {
    const allocation = this.find(buffer);
    if (allocation === undefined)
      throw new AdjointError("backend", "webgpu", `buffer ${buffer} has no memory`);
    return allocation;
  }

  dtype(buffer: BufferId): DType {
    return at(this.#program.buffers, buffer).dtype;
  }

  /** Bytes on the device, registers aside. */
  get bytes(): number {
    return this.#bytes;
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#own) buffer.destroy();
  }
}

/**
 * Halves for f16 where the device has it, but words for what loops copy slice by slice: a slice of halves may end within a
 * word. @throws AdjointError where WGSL has no such dtype.
 */
function formatsOf({ buffers, kernels }: CompiledProgram, { features }: GPUDevice): readonly Format[] {
  const copied = copiedIn(kernels);
  return buffers.map(({ dtype }, id) => {
    arithmeticOf(dtype);
    return dtype === "f16" && features.has("shader-f16") && !copied.has(id) ? "half" : "word";
  });
}

/** Buffers that loops copy. */
function copiedIn(kernels: readonly Kernel[]): ReadonlySet<BufferId> {
  const found = new Set<BufferId>();
  const visit = (kernel: Kernel): void => {
    if (kernel.form === "if") kernel.branches.flat().forEach(visit);
    if (kernel.form !== "scan") return;
    for (const { from, to } of [...kernel.slices, ...kernel.outputs, ...kernel.feedback])
      found.add(from).add(to);
    kernel.body.forEach(visit);
  };
  kernels.forEach(visit);
  return found;
}
