import type {
  Backend,
  CompileOptions,
  Device,
  Executable,
  FusionLimits,
  CompiledProgram,
} from "@adjoint/compiler/kernel";
import type { State } from "@adjoint/ir";
import { AdjointError } from "@adjoint/ir/values";
import { type Host, hostOf } from "./device/host.ts";
import { Registers } from "./device/registers.ts";
import { WebgpuExecutable } from "./executable.ts";

export interface WebgpuOptions {
  /** A device to run on, which stays the caller's; otherwise one is asked for. */
  readonly device?: GPUDevice;
  /** The source of devices; the page's or worker's `navigator.gpu` when absent. */
  readonly gpu?: GPU;
  readonly powerPreference?: GPUPowerPreference;
}

/**
 * Runs programs as WebGPU compute pipelines.
 * @throws AdjointError where there is no WebGPU, no adapter, or no device of it.
 */
export async function webgpu(options: WebgpuOptions = {}): Promise<Backend> {
  return new WebgpuBackend(options, hostOf(options.device ?? (await requestDevice(options))));
}

const refuse = (problem: string, remedy: string): AdjointError =>
  new AdjointError("backend", "webgpu", problem, remedy);

/** Features that a device is asked for if its adapter has them. */
const FEATURES: readonly GPUFeatureName[] = ["timestamp-query", "shader-f16", "subgroups"];

/** A device with as large buffers, and as many to a kernel, as its adapter has. */
async function requestDevice({ gpu, powerPreference }: WebgpuOptions): Promise<GPUDevice> {
  // Not every host has a navigator, nor every navigator a GPU.
  const source = gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu;
  if (source === undefined) {
    throw refuse(
      "there is no WebGPU here",
      "Give webgpu({ gpu }) one, such as that of the npm package webgpu in Node, or use the wasm backend.",
    );
  }
  const adapter = await source.requestAdapter(powerPreference === undefined ? {} : { powerPreference });
  if (adapter === null)
    throw refuse("no adapter was found", "Check the GPU's driver, or use the wasm backend.");
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
  try {
    return await adapter.requestDevice({
      requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
      requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
    });
  } catch (error) {
    throw refuse(
      `the adapter gives no device: ${error instanceof Error ? error.message : String(error)}`,
      "Check the GPU's driver, or use the wasm backend.",
    );
  }
}

class WebgpuBackend implements Backend {
  readonly name = "webgpu";
  readonly limits: FusionLimits;
  readonly #options: WebgpuOptions;
  #host: Host;

  constructor(options: WebgpuOptions, host: Host) {
    this.#options = options;
    this.#host = host;
    // One binding is kept for the words that say whether a step has failed.
    this.limits = { buffers: host.device.limits.maxStorageBuffersPerShaderStage - 1 };
  }

  /** A lost device is replaced by a new one, unless it was the caller's. */
  async open(): Promise<Device> {
    if (this.#host.loss.isLost && this.#options.device === undefined)
      this.#host = hostOf(await requestDevice(this.#options));
    this.#host.loss.check();
    return new WebgpuDevice(this.#host);
  }

  [Symbol.dispose](): void {
    if (this.#options.device === undefined) this.#host.device.destroy();
  }
}

class WebgpuDevice implements Device {
  readonly #host: Host;
  readonly #registers: Registers;

  constructor(host: Host) {
    this.#host = host;
    this.#registers = new Registers(host.device);
  }

  writeState(state: State): Promise<void> {
    return this.#host.loss.guard(() => this.#registers.write(state));
  }

  readState(names: readonly string[]): Promise<State> {
    return this.#host.loss.guard(() => this.#registers.read(names));
  }

  compile(program: CompiledProgram, options: CompileOptions): Promise<Executable> {
    return this.#host.loss.guard(() =>
      WebgpuExecutable.compile(program, this.#host, this.#registers, options),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#registers[Symbol.dispose]();
    return Promise.resolve();
  }
}
