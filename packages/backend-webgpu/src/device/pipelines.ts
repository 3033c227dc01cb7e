import type { Launch } from "../kernels/launch.ts";
import { created, refused } from "./creation.ts";
import { COMPUTE_STAGE } from "./usage.ts";

/** A dispatch that is ready to be encoded. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly groups: readonly [x: number, y: number];
}

interface Entry {
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: GPUComputePipeline;
}

/** The number of pipelines that are kept; the least recently used one goes, and lives on in the programs that have it. */
const KEPT = 512;

/** Pipelines of one device by their text; all that are asked for are created at the same time. */
export class Pipelines {
  readonly #device: GPUDevice;
  readonly #entries = new Map<string, Promise<Entry>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /**
   * The pipeline of a launch, and a bind group of its own.
   * @param what the launch in an error's words.
   * @throws AdjointError where the device refuses either.
   */
  async dispatch(launch: Launch, what: () => string): Promise<Dispatch> {
    const { text, bindings, groups } = launch;
    try {
      const { layout, pipeline } = await this.#entry(launch);
      const bindGroup = await created(this.#device, () =>
        this.#device.createBindGroup({
          layout,
          entries: bindings.map(({ allocation }, binding) => ({
            binding,
            resource: { buffer: allocation.buffer },
          })),
        }),
      );
      return { pipeline, bindGroup, groups };
    } catch (error) {
      // Another time there may be room for it.
      this.#entries.delete(text);
      throw refused(what(), error);
    }
  }

  #entry({ text, bindings }: Launch): Promise<Entry> {
    const entry = this.#entries.get(text) ?? this.#create(text, bindings);
    this.#entries.delete(text);
    this.#entries.set(text, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > KEPT && oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }

  async #create(text: string, bindings: Launch["bindings"]): Promise<Entry> {
    const device = this.#device;
    const asked = await created(device, () => {
      const layout = this.#layout(bindings.map(({ write }) => write));
      const pipeline = device.createComputePipelineAsync({
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: device.createShaderModule({ code: text }), entryPoint: "main" },
      });
      // The shader's error says more than that of the pipeline which follows from it: it is thrown first.
      pipeline.catch(() => undefined);
      return { layout, pipeline };
    });
    return { layout: asked.layout, pipeline: await asked.pipeline };
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
