import { type CompileOptions, type Executable, type Kernel, type Program, canFail } from "@adjoint/compiler";
import { AdjointError, type DType, type TypedArray } from "@adjoint/ir";
import type { Host } from "./device/host.ts";
import { Profiler } from "./device/profiler.ts";
import type { Registers } from "./device/registers.ts";
import { StagingRing } from "./device/staging.ts";
import { type Command, CommandWriter, commandsOf } from "./encode.ts";
import { CONTROL, type FaultSite } from "./kernels/context.ts";
import { type Step, stepsOf } from "./kernels/steps.ts";
import { Memory, type Place } from "./layout/memory.ts";
import { WORD, decode, encode, hostArray, isSame, wordsFor } from "./layout/words.ts";

/** Bytes of the control buffer that the host reads. */
const CONTROL_BYTES = 16;

interface Input {
  readonly place: Place;
  readonly dtype: DType;
  readonly what: string;
  /** Words on their way to the device, where they are not the host's data. */
  readonly words: ReturnType<typeof wordsFor> | undefined;
}

interface Output {
  readonly place: Place | undefined;
  readonly dtype: DType;
  readonly host: TypedArray;
  /** Where its words stand in a staging buffer. */
  readonly offset: number;
}

/** All conditions among kernels, nested ones too. */
const conditionsIn = (kernels: readonly Kernel[]): number =>
  kernels.reduce((count, kernel) => {
    if (kernel.form === "scan") return count + conditionsIn(kernel.body);
    return kernel.form === "if" ? count + 1 + conditionsIn(kernel.branches.flat()) : count;
  }, 0);

/** A program on the device: a run is one command buffer. */
export class WebgpuExecutable implements Executable {
  readonly #host: Host;
  readonly #memory: Memory;
  readonly #control: Place;
  readonly #sites: readonly FaultSite[];
  readonly #kernels: readonly (readonly Command[])[];
  readonly #inputs: readonly (Input | undefined)[];
  readonly #outputs: readonly Output[];
  readonly #staging: StagingRing;
  readonly #profiler: Profiler | undefined;
  readonly workspaceBytes: number;

  private constructor(
    program: Program,
    host: Host,
    printed: Printed,
    kernels: readonly (readonly Command[])[],
    profile: boolean,
  ) {
    const { memory, control, sites } = printed;
    this.#host = host;
    this.#memory = memory;
    this.#control = control;
    this.#sites = sites;
    this.#kernels = kernels;
    const { device } = host;
    this.#profiler =
      profile && device.features.has("timestamp-query")
        ? new Profiler(device, program.kernels.length)
        : undefined;
    this.#inputs = program.inputs.map(({ name, buffer, dtype }) => {
      const place = memory.find(buffer);
      // An input that no kernel reads has no memory.
      if (place === undefined) return undefined;
      const elements = program.buffers[buffer]?.elements ?? 0;
      return {
        place,
        dtype,
        what: `input "${name}"`,
        words: isSame(dtype) ? undefined : wordsFor(dtype, elements),
      };
    });
    let offset = CONTROL_BYTES + (this.#profiler?.bytes ?? 0);
    this.#outputs = program.outputs.map(({ buffer, dtype }) => {
      const elements = program.buffers[buffer]?.elements ?? 0;
      const output = {
        place: elements === 0 ? undefined : memory.place(buffer),
        dtype,
        host: hostArray(dtype, elements),
        offset,
      };
      offset += elements * WORD;
      return output;
    });
    this.#staging = new StagingRing(device, offset);
    const planned = program.slots.reduce((sum, bytes) => sum + bytes, 0);
    this.workspaceBytes = Math.max(0, memory.bytes - planned) + this.#staging.bytes;
  }

  /** @throws AdjointError when the device has no room for the program, or no such dtype. */
  static async compile(
    program: Program,
    host: Host,
    registers: Registers,
    { profile }: CompileOptions,
  ): Promise<WebgpuExecutable> {
    const memory = new Memory(program, host.device);
    try {
      const printed = await withinMemory(host.device, memory, () => print(program, memory, registers));
      const kernels = await Promise.all(printed.steps.map((steps) => commandsOf(steps, host.pipelines)));
      return new WebgpuExecutable(program, host, printed, kernels, profile);
    } catch (error) {
      memory[Symbol.dispose]();
      throw error;
    }
  }

  get profile(): { readonly runs: number; readonly kernels: readonly number[] } {
    return this.#profiler ?? { runs: 0, kernels: [] };
  }

  run(feeds: readonly TypedArray[]): Promise<readonly TypedArray[]> {
    return this.#host.loss.guard(() =>
      this.#staging.through(
        (target) => this.#submit(feeds, target),
        (words) => this.#read(words),
      ),
    );
  }

  #feed({ place, dtype, words, what }: Input, data: TypedArray): void {
    if (words !== undefined) encode(dtype, data, words, what);
    this.#host.device.queue.writeBuffer(place.buffer, 0, words ?? data);
  }

  #submit(feeds: readonly TypedArray[], target: GPUBuffer): void {
    const { device } = this.#host;
    this.#inputs.forEach((input, index) => {
      const data = feeds[index];
      if (input !== undefined && data !== undefined) this.#feed(input, data);
    });
    const writer = new CommandWriter(device.createCommandEncoder());
    const { encoder } = writer;
    encoder.clearBuffer(this.#control.buffer, 0, CONTROL_BYTES);
    const profiler = this.#profiler;
    this.#kernels.forEach((commands, kernel) => {
      profiler?.stamp(encoder, kernel, 0);
      for (const command of commands) writer.write(command);
      if (profiler === undefined) return;
      writer.endPass();
      profiler.stamp(encoder, kernel, 1);
    });
    writer.endPass();
    encoder.copyBufferToBuffer(this.#control.buffer, 0, target, 0, CONTROL_BYTES);
    profiler?.resolve(encoder, target, CONTROL_BYTES);
    for (const { place, host, offset } of this.#outputs)
      if (place !== undefined)
        encoder.copyBufferToBuffer(place.buffer, 0, target, offset, host.length * WORD);
    device.queue.submit([encoder.finish()]);
  }

  #read(words: ArrayBuffer): readonly TypedArray[] {
    const control = new Int32Array(words, 0, CONTROL_BYTES / WORD);
    const site = this.#sites[control[CONTROL.site] ?? 0];
    if (control[CONTROL.failures] !== 0 && site !== undefined) {
      throw new AdjointError(
        "index",
        site.operation,
        `index ${control[CONTROL.index]} lies outside an axis of size ${site.size}`,
        "Indices go from 0 to the axis's size − 1.",
      );
    }
    this.#profiler?.read(words, CONTROL_BYTES);
    for (const { dtype, host, offset } of this.#outputs) decode(dtype, words, offset, host);
    return this.#outputs.map(({ host }) => host);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#memory[Symbol.dispose]();
    this.#staging[Symbol.dispose]();
    this.#profiler?.[Symbol.dispose]();
    return Promise.resolve();
  }
}

/** A program's memory, and its kernels as text. */
interface Printed {
  readonly memory: Memory;
  readonly control: Place;
  readonly sites: readonly FaultSite[];
  readonly steps: readonly (readonly Step[])[];
}

/** Lets an action allocate. @throws AdjointError where the device has no memory left for it. */
async function withinMemory<T>(device: GPUDevice, memory: Memory, action: () => T): Promise<T> {
  device.pushErrorScope("out-of-memory");
  let result: T;
  let scope: Promise<GPUError | null>;
  try {
    result = action();
  } finally {
    scope = device.popErrorScope();
  }
  if ((await scope) === null) return result;
  throw new AdjointError(
    "backend",
    "webgpu",
    `the device has no room for the ${memory.bytes} bytes that the program needs beside its registers`,
    "Use a smaller batch.",
  );
}

function print(program: Program, memory: Memory, registers: Registers): Printed {
  memory.reserve(registers);
  const control = memory.allocate(CONTROL.predicates + conditionsIn(program.kernels), "control");
  const sites: FaultSite[] = [];
  const context = {
    memory,
    control,
    predicate: undefined,
    canFail: program.kernels.some(canFail),
    site: (operation: string, size: number): number => {
      const known = sites.findIndex((site) => site.operation === operation && site.size === size);
      return known < 0 ? sites.push({ operation, size }) - 1 : known;
    },
  };
  const words = { next: CONTROL.predicates };
  const steps = program.kernels.map((kernel) => stepsOf(kernel, context, words));
  return { memory, control, sites, steps };
}
