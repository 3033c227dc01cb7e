import type { Executable } from "@adjoint/compiler/kernel";
import { AdjointError, type DType, type TypedArray, copyInto, dtypeInfo } from "@adjoint/ir/values";
import { FAULT, FAULT_BYTES } from "./fault.ts";

/** Elements in a memory. */
export interface Span {
  readonly dtype: DType;
  /** In bytes. */
  readonly address: number;
  readonly elements: number;
}

export const viewOf = (memory: WebAssembly.Memory, { dtype, address, elements }: Span): TypedArray =>
  new dtypeInfo[dtype].array(memory.buffer, address, elements);

/** A lookup by data, which fails where an index lies outside the axis. */
export interface Lookup {
  readonly operation: string;
  /** Of the axis. */
  readonly size: number;
}

/** The addresses that a program and its host share. */
export interface HostAddresses {
  /** In order; undefined for an input that no kernel reads, which has no memory. */
  readonly inputs: readonly (Span | undefined)[];
  readonly outputs: readonly Span[];
  /** Address of the words that a failed lookup is reported in. */
  readonly fault: number;
  /** A fault's number is an index of this list, plus 1. */
  readonly lookups: readonly Lookup[];
}

/** A program's code, ready to run in a memory. */
export interface Loaded {
  readonly memory: WebAssembly.Memory;
  readonly hostAddresses: HostAddresses;
  readonly workspaceBytes: number;
  /** The number of exported functions if each is a kernel to be measured. */
  readonly measured: number | undefined;
  /** Runs one of the exported functions; 0, the number of a fault, or −1: `failure` then says why. */
  readonly run: (index: number) => number;
  readonly failure: () => Promise<AdjointError>;
  readonly release: () => void;
}

/** Arrays over the memory as it is now; older arrays are detached once it has grown. */
interface Views {
  readonly buffer: ArrayBufferLike;
  readonly inputs: readonly (TypedArray | undefined)[];
  readonly outputs: readonly TypedArray[];
  readonly fault: DataView;
}

export class WasmExecutable implements Executable {
  readonly #loaded: Loaded;
  readonly #profile: { runs: number; kernels: number[] } | undefined;
  #views: Views;
  #isOpen = true;

  constructor(loaded: Loaded) {
    const { memory, hostAddresses, measured } = loaded;
    this.#loaded = loaded;
    this.#profile =
      measured === undefined ? undefined : { runs: 0, kernels: Array.from({ length: measured }, () => 0) };
    // Clears what another program left there.
    new Uint8Array(memory.buffer, hostAddresses.fault, FAULT_BYTES).fill(0);
    this.#views = this.#look();
  }

  get workspaceBytes(): number {
    return this.#loaded.workspaceBytes;
  }

  get profile(): { readonly runs: number; readonly kernels: readonly number[] } {
    return this.#profile ?? { runs: 0, kernels: [] };
  }

  #look(): Views {
    const { memory, hostAddresses } = this.#loaded;
    return {
      buffer: memory.buffer,
      inputs: hostAddresses.inputs.map((span) => span && viewOf(memory, span)),
      outputs: hostAddresses.outputs.map((span) => viewOf(memory, span)),
      fault: new DataView(memory.buffer, hostAddresses.fault, FAULT_BYTES),
    };
  }

  // Asynchronous so that whatever is thrown becomes a rejection.
  async run(feeds: readonly TypedArray[]): Promise<readonly TypedArray[]> {
    if (this.#views.buffer !== this.#loaded.memory.buffer) this.#views = this.#look();
    const { inputs, outputs } = this.#views;
    for (let index = 0; index < inputs.length; index++) {
      const [target, source] = [inputs[index], feeds[index]];
      // An input that no kernel reads has no memory.
      if (target !== undefined && source !== undefined) copyInto(target, source);
    }
    const fault = this.#profile === undefined ? this.#loaded.run(0) : this.#measured(this.#profile);
    if (fault < 0) throw await this.#loaded.failure();
    if (fault > 0) throw this.#fault(fault);
    return outputs;
  }

  #measured(profile: { runs: number; kernels: number[] }): number {
    let fault = 0;
    for (let index = 0; index < profile.kernels.length && fault === 0; index++) {
      const started = performance.now();
      fault = this.#loaded.run(index);
      profile.kernels[index] = (profile.kernels[index] ?? 0) + performance.now() - started;
    }
    profile.runs++;
    return fault;
  }

  #fault(fault: number): AdjointError {
    const { fault: view } = this.#views;
    view.setUint32(FAULT.lookup, 0, true);
    view.setUint32(FAULT.lock, 0, true);
    const lookup = this.#loaded.hostAddresses.lookups[fault - 1];
    return new AdjointError(
      "index",
      lookup?.operation ?? "take",
      `index ${view.getBigInt64(FAULT.index, true)} lies outside an axis of size ${lookup?.size}`,
      "Indices go from 0 to the axis's size − 1.",
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOpen) this.#loaded.release();
    this.#isOpen = false;
    return Promise.resolve();
  }
}
