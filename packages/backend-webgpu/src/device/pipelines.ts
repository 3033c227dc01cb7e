import type { Launch } from "../kernels/launch.ts";
import { COMPUTE_STAGE } from "./usage.ts";

/** A dispatch that is ready to be encoded. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly groups: readonly [x: number, y: number];
}

interface Entry {
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: Promise<GPUComputePipeline>;
}

/** How many pipelines stay known; the least recently asked for goes, and lives on in the programs that have it. */
const KEPT = 512;

/** Pipelines of one device by their text; all that are asked for are created at the same time. */
export class Pipelines {
  readonly #device: GPUDevice;
  readonly #entries = new Map<string, Entry>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The pipeline of a launch, and a bind group of its own. */
  async dispatch({ text, bindings, groups }: Launch): Promise<Dispatch> {
    const entry = this.#entries.get(text) ?? this.#create(text, bindings);
    this.#entries.delete(text);
    this.#entries.set(text, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > KEPT && oldest !== undefined) this.#entries.delete(oldest);
    const pipeline = await entry.pipeline;
    const bindGroup = this.#device.createBindGroup({
      layout: entry.layout,
      entries: bindings.map(({ place }, binding) => ({ binding, resource: { buffer: place.buffer } })),
    });
    return { pipeline, bindGroup, groups };
  }

  #create(text: string, bindings: Launch["bindings"]): Entry {
    const layout = this.#layout(bindings.map(({ write }) => write));
    const pipeline = this.#device.createComputePipelineAsync({
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: this.#device.createShaderModule({ code: text }), entryPoint: "main" },
    });
    return { layout, pipeline };
  }

  #layout(writes: readonly boolean[]): GPUBindGroupLayout {
    const key = writes.join();
    const layout =
      this.#layouts.get(key) ??
      this.#device.createBindGroupLayout({
        entries: writes.map((write, binding) => ({
          binding,
          visibility: COMPUTE_STAGE,
          buffer: { type: write ? "storage" : "read-only-storage" },
        })),
      });
    this.#layouts.set(key, layout);
    return layout;
  }
}
