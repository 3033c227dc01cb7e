/** The things that a stub device makes. */
type Part = "buffer" | "shader" | "pipeline" | "bind group";

/** The requests that a stub device got. */
export interface Record {
  readonly shaders: string[];
  readonly groups: (readonly number[])[];
  readonly writes: { readonly label: string; readonly words: readonly number[] }[];
  submits: number;
  /** Bytes of buffers that are alive. */
  bytes: number;
}

export interface StubOptions {
  readonly storageBuffers?: number;
  /** The device computes on the CPU. */
  readonly isFallbackAdapter?: boolean;
  readonly subgroupMinSize?: number;
  readonly features?: readonly string[];
  /** The most bytes of one buffer, and of one binding. */
  readonly largest?: number;
  /** Buffers larger than this make the device report that it is out of memory. */
  readonly memory?: number;
  /** Gives the reason that a thing is not made. */
  readonly refuse?: (part: Part) => { readonly filter: GPUErrorFilter; readonly message: string } | undefined;
  /** Words of the control buffer that a step reads back: failures, site, index. */
  readonly control?: () => readonly number[];
}

/** A device that computes nothing and notes what it is told, for tests of what is said to it. */
export function stubDevice({
  storageBuffers = 8,
  isFallbackAdapter = false,
  subgroupMinSize = 4,
  features = [],
  largest = 2 ** 27,
  memory = Infinity,
  refuse = () => undefined,
  control,
}: StubOptions = {}): {
  readonly device: GPUDevice;
  readonly record: Record;
  readonly lose: (message: string) => Promise<void>;
} {
  const record: Record = { shaders: [], groups: [], writes: [], submits: 0, bytes: 0 };
  let lose: (info: GPUDeviceLostInfo) => void = () => undefined;
  const lost = new Promise<GPUDeviceLostInfo>((resolve) => (lose = resolve));
  const scopes: { readonly filter: GPUErrorFilter; message?: string }[] = [];
  /** Notes an error in the innermost scope for its kind. */
  const report = ({
    filter,
    message,
  }: {
    readonly filter: GPUErrorFilter;
    readonly message: string;
  }): void => {
    const scope = scopes.findLast((each) => each.filter === filter);
    if (scope === undefined) throw new Error(`uncaptured: ${message}`);
    scope.message ??= message;
  };
  const ask = (part: Part): void => {
    const refusal = refuse(part);
    if (refusal !== undefined) report(refusal);
  };
  const buffer = ({ label = "", size }: GPUBufferDescriptor): unknown => {
    record.bytes += size;
    if (size > memory) report({ filter: "out-of-memory", message: "full" });
    ask("buffer");
    return {
      label,
      size,
      destroy: () => void (record.bytes -= size),
      mapAsync: () => Promise.resolve(),
      getMappedRange: () => {
        const words = new Int32Array(size / 4);
        words.set(control?.() ?? []);
        return words.buffer;
      },
      unmap: () => undefined,
    };
  };
  const pass = {
    setPipeline: () => undefined,
    setBindGroup: () => undefined,
    dispatchWorkgroups: (...groups: number[]) => record.groups.push(groups),
    end: () => undefined,
  };
  const encoder = {
    clearBuffer: () => undefined,
    copyBufferToBuffer: () => undefined,
    beginComputePass: () => pass,
    finish: () => ({}),
  };
  const device = {
    limits: {
      maxStorageBuffersPerShaderStage: storageBuffers,
      maxBufferSize: largest,
      maxStorageBufferBindingSize: largest,
    },
    adapterInfo: { isFallbackAdapter, subgroupMinSize },
    features: new Set(features),
    lost,
    destroy: () => undefined,
    queue: {
      writeBuffer: ({ label }: GPUBuffer, _: number, words: Float32Array) =>
        record.writes.push({ label, words: [...words] }),
      submit: () => void record.submits++,
    },
    createBuffer: buffer,
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createBindGroup: () => (ask("bind group"), {}),
    createShaderModule: ({ code }: GPUShaderModuleDescriptor) => {
      record.shaders.push(code);
      ask("shader");
    },
    createComputePipelineAsync: () => {
      const refusal = refuse("pipeline") ?? (refuse("shader") && { message: "its shader is invalid" });
      return refusal === undefined ? Promise.resolve({}) : Promise.reject(new Error(refusal.message));
    },
    createCommandEncoder: () => encoder,
    pushErrorScope: (filter: GPUErrorFilter) => void scopes.push({ filter }),
    popErrorScope: () => {
      const message = scopes.pop()?.message;
      return Promise.resolve(message === undefined ? null : { message });
    },
  };
  return {
    // The parts of a device that the backend uses.
    device: device as unknown as GPUDevice,
    record,
    lose: async (message) => {
      lose({ reason: "unknown", message } as GPUDeviceLostInfo);
      await lost;
    },
  };
}
