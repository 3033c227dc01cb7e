import {
  type Engine,
  type Entries,
  type FedShape,
  type Inputs,
  type Runnable,
  Session,
  type StartOptions,
  sizesKey,
} from "@adjoint/compiler/session";
import type { RegisterAttributes, State } from "@adjoint/ir";
import { AdjointError, shapeText } from "@adjoint/ir/values";
import { WasmExecutable } from "../executable.ts";
import { instantiate } from "../instance.ts";
import { Registers } from "../registers.ts";
import { type Contents, type StoredProgram, contentsOf } from "./contents.ts";
import { readArtifact } from "./format.ts";

/**
 * Opens what `buildArtifact` made: a session that runs its entries for the sizes that they were built for, with the numbers
 * that the WASM backend gives. An artifact is code: it reaches nothing but its own memory, but runs as long as it likes.
 * @param file its bytes.
 * @throws AdjointError for bytes that are no whole artifact, and on engines without the instructions that its code uses.
 * @example await using session = await openArtifact<typeof entries>(bytes, { seed: 1 });
 */
export async function openArtifact<E extends Entries>(
  file: Uint8Array | ArrayBuffer,
  options: StartOptions = {},
): Promise<Session<E>> {
  const contents = contentsOf(readArtifact(file instanceof ArrayBuffer ? new Uint8Array(file) : file));
  return Session.open<E>(async () => new ArtifactEngine(contents), options);
}

/** Runs an artifact's programs in a memory of its own. */
class ArtifactEngine implements Engine {
  readonly backend = "wasm";
  /** Nothing is compiled here, so there is nothing to explain. */
  readonly compiled: readonly [] = [];
  readonly registers: ReadonlyMap<string, RegisterAttributes>;
  readonly entries: ReadonlyMap<string, Inputs>;
  readonly #contents: Contents;
  readonly #memory: WebAssembly.Memory;
  readonly #state: Registers;
  readonly #loaded = new Map<StoredProgram, Runnable>();

  constructor(contents: Contents) {
    this.registers = contents.registers;
    this.entries = contents.inputs;
    this.#contents = contents;
    this.#memory = memoryOf(contents.pages);
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
    await Promise.all(programs.map((program) => this.#load(program)));
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
    const { code, constants, places, outputs, workspaceBytes } = program;
    const memory = this.#memory;
    for (const { address, bytes } of constants) new Uint8Array(memory.buffer, address).set(bytes);
    const [run] = await this.#instantiate(code);
    const executable = new WasmExecutable({
      memory,
      places,
      workspaceBytes,
      measured: undefined,
      run: () => run?.(0, 1) ?? 0,
      release: () => {},
    });
    const runnable = { program: { outputs }, executable };
    this.#loaded.set(program, runnable);
    return runnable;
  }

  async #instantiate(code: Uint8Array<ArrayBuffer>): ReturnType<typeof instantiate> {
    try {
      return await instantiate(await WebAssembly.compile(code), this.#memory, ["run"]);
    } catch (cause) {
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
  }
}

function memoryOf(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages });
  } catch (cause) {
    throw new AdjointError(
      "backend",
      "openArtifact",
      `no memory of ${pages} pages of 64 KiB (${String(cause)})`,
      "Build it for smaller batches.",
    );
  }
}
