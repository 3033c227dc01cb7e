import type { CompileOptions, Executable, CompiledProgram } from "@adjoint/compiler/kernel";
import { AdjointError, type TypedArray } from "@adjoint/ir/values";
import type { Host } from "./device/host.ts";
import type { Registers } from "./device/registers.ts";
import { createdOrFreed } from "./device/creation.ts";
import { upload } from "./device/upload.ts";
import { type Command, CommandWriter, commandsOf } from "./encode.ts";
import { CONTROL } from "./kernels/context.ts";
import { kernelName } from "./layout/names.ts";
import { copiedBytes } from "./layout/sizes.ts";
import { WORD, decode, encode } from "./layout/words.ts";
import { CONTROL_BYTES, type Input, type Prepared, prepare } from "./prepare.ts";

/** A program on the device: a run is one command buffer. */
export class WebgpuExecutable implements Executable {
  readonly #host: Host;
  readonly #prepared: Prepared;
  readonly #kernels: readonly (readonly Command[])[];
  readonly workspaceBytes: number;

  private constructor(
    host: Host,
    prepared: Prepared,
    kernels: readonly (readonly Command[])[],
    plannedBytes: number,
  ) {
    this.#host = host;
    this.#prepared = prepared;
    this.#kernels = kernels;
    const { memory, staging } = prepared;
    this.workspaceBytes = Math.max(0, memory.bytes - plannedBytes) + staging.bytes;
  }

  /** @throws AdjointError when the device has no room for the program, no such dtype, or refuses a kernel. */
  static async compile(
    program: CompiledProgram,
    host: Host,
    registers: Registers,
    { profile }: CompileOptions,
  ): Promise<WebgpuExecutable> {
    const prepared = await createdOrFreed(
      host.device,
      ({ memory, staging }) =>
        `the ${memory.bytes + staging.bytes} bytes of the program beside registers of ${registers.bytes}`,
      () => prepare(program, host, registers, profile),
    );
    try {
      const kernels = await Promise.all(
        prepared.steps.map((steps) =>
          commandsOf(steps, host.pipelines, (kernel) => kernelName(program, kernel)),
        ),
      );
      const planned = program.slots.reduce((sum, bytes) => sum + bytes, 0);
      return new WebgpuExecutable(host, prepared, kernels, planned);
    } catch (error) {
      prepared[Symbol.dispose]();
      throw error;
    }
  }

  get profile(): { readonly runs: number; readonly kernels: readonly number[] } {
    return this.#prepared.profiler ?? { runs: 0, kernels: [] };
  }

  run(feeds: readonly TypedArray[]): Promise<readonly TypedArray[]> {
    return this.#host.loss.guard(() =>
      this.#prepared.staging.through(
        (target) => this.#submit(feeds, target),
        (words) => this.#read(words),
      ),
    );
  }

  #feed({ allocation, dtype, words, what }: Input, data: TypedArray): void {
    if (words !== undefined) encode(dtype, data, words, what);
    upload(this.#host.device, allocation.buffer, words ?? data);
  }

  #submit(feeds: readonly TypedArray[], target: GPUBuffer): void {
    const { device } = this.#host;
    const { inputs, outputs, control, profiler } = this.#prepared;
    inputs.forEach((input, index) => {
      const data = feeds[index];
      if (input !== undefined && data !== undefined) this.#feed(input, data);
    });
    const writer = new CommandWriter(device.createCommandEncoder());
    const { encoder } = writer;
    encoder.clearBuffer(control.buffer, 0, CONTROL_BYTES);
    this.#kernels.forEach((commands, kernel) => {
      profiler?.stamp(encoder, kernel, 0);
      for (const command of commands) writer.write(command);
      if (profiler === undefined) return;
      writer.endPass();
      profiler.stamp(encoder, kernel, 1);
    });
    writer.endPass();
    encoder.copyBufferToBuffer(control.buffer, 0, target, 0, CONTROL_BYTES);
    profiler?.resolve(encoder, target, CONTROL_BYTES);
    for (const { allocation, host, offset } of outputs)
      if (allocation !== undefined)
        encoder.copyBufferToBuffer(
          allocation.buffer,
          0,
          target,
          offset,
          copiedBytes(host.length, allocation.format),
        );
    device.queue.submit([encoder.finish()]);
  }

  #read(words: ArrayBuffer): readonly TypedArray[] {
    const { sites, outputs, profiler } = this.#prepared;
    const control = new Int32Array(words, 0, CONTROL_BYTES / WORD);
    const site = sites[control[CONTROL.site] ?? 0];
    if (control[CONTROL.failures] !== 0 && site !== undefined) {
      throw new AdjointError(
        "index",
        site.operation,
        `index ${control[CONTROL.index]} lies outside an axis of size ${site.size}`,
        "Indices go from 0 to the axis's size − 1.",
      );
    }
    profiler?.read(words, CONTROL_BYTES);
    for (const { dtype, host, offset, allocation } of outputs)
      decode(dtype, words, offset, host, allocation?.format ?? "word");
    return outputs.map(({ host }) => host);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#prepared[Symbol.dispose]();
    return Promise.resolve();
  }
}
