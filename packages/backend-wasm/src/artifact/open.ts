import {
  type Runtime,
  type Entries,
  type FedShape,
  type Inputs,
  type Runnable,
  Session,
  type StartOptions,
  sizesKey,
} from "@adjoint/compiler/session";
import type { State } from "@adjoint/ir";
import type { RegisterAttributes } from "@adjoint/ir/graph";
import { AdjointError, shapeText } from "@adjoint/ir/values";
import { WasmExecutable } from "../executable.ts";
import { type Running, start } from "../instance.ts";
import { Registers } from "../registers.ts";
import { canShareMemory, coresOf } from "../threads/engine.ts";
import { checkThreads } from "../threads/options.ts";
import { Pool } from "../threads/pool.ts";
import { type Contents, type StoredProgram, contentsOf } from "./contents.ts";
import { broken, readArtifact } from "./format.ts";

export interface OpenOptions extends StartOptions {
  /**
   * The number of threads that may share the kernels, this one among them; by default one for each core that the process may
   * use, up to as many as the artifact was built for. Where engine or page have no shared memory there is one. Numbers don't
   * depend on it.
   */
  readonly threads?: number;
}

/**
 * Opens what `buildArtifact` made: a session that runs its entries for the sizes that they were built for, with the numbers
 * that the WASM backend gives. An artifact is code: it reaches nothing but its own memory, but runs as long as it likes.
 * @param file its bytes.
 * @throws AdjointError for bytes that are no whole artifact, and on engines without the instructions that its code uses.
 * @example await using session = await openArtifact<typeof entries>(bytes, { seed: 1 });
 */
export async function openArtifact<E extends Entries>(
  file: Uint8Array | ArrayBuffer,
  options: OpenOptions = {},
): Promise<Session<E>> {
  const { threads } = options;
  if (threads !== undefined) checkThreads("openArtifact", threads);
  const contents = contentsOf(readArtifact(file));
  return Session.open<E>(async () => new ArtifactRuntime(contents, threads ?? coresOf()), options);
}

/** Runs an artifact's programs in a memory of its own. */
class ArtifactRuntime implements Runtime {
  readonly backend = "wasm";
  /** Nothing is compiled here, so there is nothing to explain. */
  readonly compiled: readonly [] = [];
  readonly registers: ReadonlyMap<string, RegisterAttributes>;
  readonly entries: ReadonlyMap<string, Inputs>;
  readonly #contents: Contents;
  readonly #memory: WebAssembly.Memory;
  /** The other threads, where there are any. */
  readonly #pool: Pool | undefined;
  readonly #state: Registers;
  readonly #loaded = new Map<StoredProgram, Runnable>();

  constructor(contents: Contents, most: number) {
    const threads = canShareMemory() ? Math.min(most, contents.threads) : 1;
    this.registers = contents.registers;
    this.entries = contents.inputs;
    this.#contents = contents;
    this.#memory = memoryOf(contents.pages, threads > 1);
    this.#pool = threads > 1 ? new Pool(this.#memory, threads) : undefined;
    this.#pool?.endWith(this);
    this.#state = new Registers(this.#memory, contents.addressOf);
  }

  async readState(names: readonly string[]): Promise<State> {
    return this.#state.read(names);
  }

  async writeState(state: State): Promise<void> {
    this.#state.write(state);
  }

  /** Loads all programs, side by side. */
  async prepare(): Promise<void> {
    const programs = [...this.#contents.programs.values()].flatMap((bySizes) => [...bySizes.values()]);
    const loads = programs.map((program) => this.#load(program));
    // If one fails, the engine is closed: no other may still be under way then.
    await Promise.allSettled(loads);
    await Promise.all(loads);
  }

  runnable(entry: string, feeds: readonly FedShape[]): Runnable | Promise<Runnable> {
    const bySizes = this.#contents.programs.get(entry);
    const program = bySizes?.get(sizesKey(feeds));
    if (program === undefined) {
      const built = [...(bySizes?.values() ?? [])].map(({ shapes }) => shapes.map(shapeText).join(", "));
      throw new AdjointError(
        "feed",
        `run "${entry}"`,
        `was fed ${feeds.map(({ name, shape }) => `${name} ${shapeText(shape)}`).join(", ")} and is built for ${built.join(" or ")}`,
        "Build the artifact for these sizes too: buildArtifact(entries, { sizes }).",
      );
    }
    return this.#loaded.get(program) ?? this.#load(program);
  }

  async #load(program: StoredProgram): Promise<Runnable> {
    const { code, isShared, constants, hostAddresses, outputs, workspaceBytes } = program;
    const memory = this.#memory;
    for (const { address, bytes } of constants) new Uint8Array(memory.buffer, address).set(bytes);
    const bytes = this.#contents.threads > 1 && this.#pool === undefined ? withOwnMemory(code) : code;
    const running = await this.#start(bytes, isShared);
    const executable = new WasmExecutable({
      memory,
      hostAddresses,
      workspaceBytes,
      measured: undefined,
      ...running,
    });
    const runnable = { program: { outputs }, executable };
    this.#loaded.set(program, runnable);
    return runnable;
  }

  async #start(code: Uint8Array<ArrayBuffer>, isShared: boolean): Promise<Running> {
    try {
      const module = await WebAssembly.compile(code);
      return await start(module, this.#memory, ["run"], isShared ? this.#pool : undefined);
    } catch (cause) {
      // An error that stops the threads is not a fault of the code.
      if (cause instanceof AdjointError) throw cause;
      throw new AdjointError(
        "backend",
        "openArtifact",
        `this engine refuses the code (${String(cause)})`,
        this.#contents.fused
          ? "It uses relaxed SIMD: build it with { fused: false } for engines without."
          : "It takes WebAssembly with SIMD.",
      );
    }
  }

  /** The memory goes with the engine. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#loaded.clear();
    this.#pool?.[Symbol.dispose]();
  }
}

function memoryOf(pages: number, shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch (cause) {
    throw new AdjointError(
      "backend",
      "openArtifact",
      `no memory of ${pages} pages of 64 KiB (${String(cause)})`,
      "Build it for smaller batches.",
    );
  }
}

/** The bytes by which code imports a shared memory: names and kind, then the byte that says which sizes are told (1) and that it is shared (2). */
const SHARED_IMPORT = [...new TextEncoder().encode("\x07adjoint\x06memory\x02"), 3];

/** Code for several threads, for a memory of one: without others, its atomic operations are plain ones. */
function withOwnMemory(code: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const end = code.findIndex((_, at) => SHARED_IMPORT.every((byte, offset) => code[at + offset] === byte));
  if (end === -1) throw broken("its code imports no shared memory");
  const own = code.slice();
  own[end + SHARED_IMPORT.length - 1] = 1;
  return own;
}
